//! What counts as personal data on a page, and what does not.

mod evidence;

use warden_recognizers::{Entity, Finding, Line, Validation, find};

/// What is found on a page whose rows hold these cells, at their columns.
fn page(rows: &[&[(f64, &str)]], faces: usize) -> Vec<Finding> {
    let mut lines = Vec::new();
    let mut top = 30.0;
    for row in rows {
        for (left, text) in *row {
            let width = text.chars().map(|_| 12.0).sum::<f64>();
            lines.push(Line { text, confidence: 0.95, left: *left, top, right: left + width, bottom: top + 28.0 });
        }
        top += 50.0;
    }
    find(&lines, faces)
}

fn entities(rows: &[&[(f64, &str)]]) -> Vec<&'static str> {
    page(rows, 0).into_iter().map(|finding| finding.entity.name()).collect()
}

fn column(lines: &[&str]) -> Vec<&'static str> {
    let rows: Vec<Vec<(f64, &str)>> = lines.iter().map(|text| vec![(40.0, *text)]).collect();
    entities(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

#[test]
fn a_value_is_found_beside_below_or_after_its_label() {
    for rows in [
        &[&[(40.0, "Surname"), (300.0, "CASTELLANE")][..]][..],
        &[&[(40.0, "Surname / Nom")], &[(40.0, "CASTELLANE")]],
        &[&[(40.0, "Surname: Castellane")]],
        &[&[(40.0, "Surname CASTELLANE")]],
        &[&[(40.0, "1. Surname"), (300.0, "CASTELLANE")]],
    ] {
        assert_eq!(entities(rows), ["PERSON"], "{rows:?}");
    }
}

#[test]
fn a_label_beside_a_label_is_no_value() {
    assert_eq!(entities(&[&[(40.0, "Surname"), (300.0, "Given names"), (600.0, "Nationality")]]), [""; 0]);
}

#[test]
fn each_kind_is_known_by_its_form() {
    for (text, entity) in [
        ("write to mira.c@example.org", "EMAIL_ADDRESS"),
        ("mira.c @ example.org", "EMAIL_ADDRESS"),
        ("4111 1111 1111 1111", "CREDIT_CARD"),
        ("3782 822463 10005", "CREDIT_CARD"),
        ("DE89 3704 0044 0532 0130 00 BIC ABCDEFGH", "IBAN_CODE"),
        ("GB33 BARC 4991 1866 5246 07", "IBAN_CODE"),
        ("SSN 219-09-4417", "US_SSN"),
        ("880314-2345678", "KR_RRN"),
        ("call me on 010-2345-6789", "PHONE_NUMBER"),
        ("DOB 03-07-1962", "DATE_TIME"),
        ("geboren am: 12.05.1980", "DATE_TIME"),
        ("Passport No. L89890214", "PASSPORT"),
        ("MRN: 00482913", "ID"),
        ("Home address: 14 Larkspur Row", "LOCATION"),
        ("Dear Ms Lindqvarn,", "PERSON"),
        ("Pat. name: Corrigan, Fintan", "PERSON"),
        ("氏名: 山田太郎", "PERSON"),
        ("生年月日: 1990年5月7日", "DATE_TIME"),
    ] {
        assert_eq!(column(&[text]), [entity], "{text}");
    }
}

#[test]
fn pieces_of_a_number_are_joined_by_their_check_digits() {
    assert_eq!(entities(&[&[(40.0, "4111"), (140.0, "1111"), (240.0, "1111"), (340.0, "1111")]]), ["CREDIT_CARD"],);
}

#[test]
fn a_number_stands_in_its_own_line_and_not_in_its_label() {
    for (label, number) in [("IBAN", "DE44 5001 0517 5407 3249 31"), ("Card number", "4929 6071 0392 7747")] {
        let found = page(&[&[(40.0, label), (300.0, number)]], 0);
        assert_eq!(found.iter().map(|finding| finding.lines.as_slice()).collect::<Vec<_>>(), [[1]], "{number}");
    }
}

#[test]
fn a_number_in_pieces_stands_in_all_of_them_and_in_nothing_beside_them() {
    type Row<'a> = &'a [(f64, &'a str)];
    for (row, expected) in [
        (&[(40.0, "IBAN"), (300.0, "GB11 BARC"), (460.0, "2004 0187 3149 25")][..] as Row, &[&[1, 2][..]][..]),
        (&[(40.0, "IBAN"), (200.0, "DE44 5001"), (360.0, "0517 5407 3249 31"), (700.0, "BIC INGDDEFF")], &[&[1, 2]]),
        (&[(40.0, "Card"), (200.0, "4929 6071"), (360.0, "0392"), (440.0, "7747"), (600.0, "12/27")], &[&[1, 2, 3]]),
        (
            &[(40.0, "4929 6071"), (200.0, "0392 7747"), (400.0, "or"), (500.0, "5311 0527"), (700.0, "4938 1269")],
            &[&[0, 1], &[3, 4]],
        ),
        (
            &[(40.0, "DE44 5001 0517 5407 3249 31"), (460.0, "GB11 BARC"), (620.0, "2004 0187 3149 25")],
            &[&[0], &[1, 2]],
        ),
        (
            &[(40.0, "IBAN:"), (200.0, "DE44"), (300.0, "5001 0517"), (500.0, "5407 3249"), (700.0, "31")],
            &[&[1, 2, 3, 4]],
        ),
    ] {
        let found = page(&[row], 0);
        let mut places: Vec<&[usize]> = found.iter().map(|finding| finding.lines.as_slice()).collect();
        places.sort_unstable();
        assert_eq!(places, expected, "{row:?}");
    }
}

#[test]
fn a_zone_is_read_with_the_letters_that_ocr_takes_for_figures() {
    let zone = ["P<UT0LINDQVARN<<JUN0<MAREN<<<<<<<<<<<<<<<<<<", "L898902144UT09107094F3107081<<<<<<<<<<<<<<08"];
    assert_eq!(column(&zone), ["PERSON", "DATE_TIME", "PASSPORT"]);
}

#[test]
fn a_passports_second_line_is_known_where_the_first_was_read_in_pieces_and_all_of_them_are_its_place() {
    let second = "NX83920178NLD7511024M3103131<<<<<<<<<<<<<<06";
    let pieces: &[(f64, &str)] = &[(40.0, "P<NLDVERHOLT<<TOMAS"), (300.0, "<<<<<<<<<")];
    let found = page(&[&[(40.0, "Please keep it")], pieces, &[(40.0, second)]], 0);
    let passport = found.iter().find(|finding| finding.entity == Entity::Passport);
    assert!(passport.is_some_and(|it| it.lines == [1, 2, 3] && it.evidence.decides()), "{found:?}");
    for wrong in ["NX83920178NLD7511024M3103131<<<<<<<<<<<<<<05", "NX83920178NLD7511025M3103131<<<<<<<<<<<<<<06"] {
        let found = page(&[pieces, &[(40.0, wrong)]], 0);
        assert!(found.iter().all(|finding| !finding.evidence.decides()), "{found:?}");
    }
}

#[test]
fn names_need_company_unless_a_label_or_title_tells() {
    assert_eq!(column(&["Anna Kowalska"]), [""; 0]);
    assert_eq!(column(&["Anna Kowalska", "Senior Engineer"]), ["PERSON"]);
    assert_eq!(column(&["Clementine Ashby", "and", "invite you to their wedding"]), ["PERSON"]);
    assert_eq!(column(&["Anna Kowalska", "+44 20 7946 0018"]), ["PERSON", "PHONE_NUMBER"]);
    assert_eq!(column(&["This certificate is proudly awarded to", "Solveig Marchetti"]), ["PERSON"]);
}

#[test]
fn pages_about_nobody_hold_no_personal_data() {
    for lines in [
        &["127.0.0.1:8080", "192.168.10.24", "uptime 184320"][..],
        &["Saint Helena", "Charlotte Amalie", "Lake Victoria", "Hudson Bay"],
        &["219-09-4417"],
        &["Steel strap 16 mm", "4711", "PN 219-09-4417", "Victoria lamp", "0815", "PN 412-34-5678"],
        &["Parts", "219-09-4417", "412-34-5678", "333-41-2299"],
        &["Serial No. 8842-113-99-0417", "Part number: 740 118 220", "4 006381 333931"],
        &["INVOICE", "Date 03/11/2026", "Bill to:", "Northgate Logistics Ltd", "accounts@northgate.example"],
        &["Springfield 62704", "Total 1284.90", "Order 10482"],
        &["In case of fault call 0800 123 4567"],
        &["Name", "Size", "Modified", "report.pdf", "12/11/2026 10:42"],
        &["Guest", "Parking", "Visitor", "Entrance"],
        &["Address: 0.0.0.0", "Email address", "you@"],
    ] {
        assert_eq!(column(lines), [""; 0], "{lines:?}");
    }
}

#[test]
fn the_surest_comes_first_and_nothing_twice() {
    let found = page(&[&[(40.0, "Surname"), (300.0, "CASTELLANE")], &[(40.0, "mira@example.org")]], 0);
    assert!(found.is_sorted_by(|a, b| a.confidence >= b.confidence));
    assert_eq!(found[0].lines, [1]);
    assert_eq!(column(&["4111 1111 1111 1111", "Mobile: +44 7700 900318"]), ["CREDIT_CARD", "PHONE_NUMBER"]);
}

#[test]
fn a_finding_tells_how_it_was_validated() {
    for (text, validation) in [
        ("4111 1111 1111 1111", Validation::Checksum),
        ("DE89 3704 0044 0532 0130 00", Validation::Checksum),
        ("529.982.247-25", Validation::Checksum),
        ("AB 12 34 56 C", Validation::Format),
        ("mira.c@example.org", Validation::Format),
        ("Surname: CASTELLANE", Validation::Context),
        ("Dear Ms Lindqvarn,", Validation::Context),
    ] {
        let found = page(&[&[(40.0, text)]], 0);
        assert_eq!(found.iter().map(|finding| finding.validation).collect::<Vec<_>>(), [validation], "{text}");
    }
}

#[test]
fn a_face_makes_a_name_and_a_number_a_persons() {
    let rows: &[&[(f64, &str)]] = &[&[(40.0, "Ottoline Vega")], &[(40.0, "+44 20 7946 0018")]];
    assert_eq!(page(&rows[1..], 0), []);
    assert_eq!(page(&rows[1..], 1).len(), 1);
}

#[test]
fn a_text_that_is_cut_anywhere_or_holds_other_letters_is_read_to_its_end() {
    for text in [
        "Card number: 4929 6071 0392 7747 12/27, SSN 219-09-4417, 880314-2839175",
        "P<NLDVERHOLT<<TOMAS<<<<<<<<<<<<<<<<<<<<<<<<<NX83920178NLD7511024M3103131<<<<<<<<<<<<<<06",
        "IBAN: DE44500105175407324931 BIC INGDDEFF, NO93 8601 1117 947",
        "NIE X1234567L, RSSMRA85T10A562S, S1234567D, 131052-308T, 529.982.247-25, 11010519491231002X, HEGG560427MVZRRL04",
        "-----BEGIN RSA PRIVATE KEY----- MIIEowIBAAKCAQEA7bq0s1Lw3Xk9v2Yt5Rz8Hn4Jc6Wd",
        "postgres://app:t0psecret!9@db.internal:5432/orders Password: Tr4vel-light! ghp_0123456789",
        "3. 22.09.1979 driving licence: Dr. Oona Feldstrand, OKAFOR/DELPHINE MS, 氏名: 山田太郎, +44 7700 900318",
    ] {
        for (at, letter) in text.char_indices() {
            let (before, after) = (&text[..at], &text[at + letter.len_utf8()..]);
            for row in [before, after, &[before, "Ä", after].concat(), &[before, "９", after].concat()] {
                assert!(page(&[&[(40.0, row)]], 0).iter().all(|finding| finding.lines == [0]), "{row}");
            }
        }
    }
}

#[test]
fn names_of_entities_are_told_apart() {
    let mut names: Vec<&str> = Entity::ALL.iter().map(|entity| entity.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Entity::ALL.len());
}
