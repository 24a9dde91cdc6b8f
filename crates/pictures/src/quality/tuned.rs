//! What draws the tuned half.

use warden_core::pii::Category;
use warden_core::pii::Category::{
    CreditCard, DateTime, EmailAddress, IbanCode, KrRrn, Location, NationalId, Passport, Person as Name, PhoneNumber,
    Secret, UsSsn,
};

use crate::{
    canvas::{BLACK, BLUE, GREEN, GREY, JapaneseFont, PALE, RED, Typeface, WHITE},
    dice::Dice,
};

use super::{
    Generator, Language, Sheet,
    person::{Person, in_groups, with_luhn},
    words::tuned as words,
};

type Font<'a> = Option<&'a JapaneseFont>;

pub(super) const GENERATORS: [Generator; 14] = [
    Generator { name: "identity card", draw: identity_card },
    Generator { name: "registration form", draw: registration_form },
    Generator { name: "passport", draw: passport },
    Generator { name: "boarding pass", draw: boarding_pass },
    Generator { name: "checkout", draw: checkout },
    Generator { name: "mail window", draw: mail_window },
    Generator { name: "terminal", draw: terminal },
    Generator { name: "shipping label", draw: shipping_label },
    Generator { name: "receipt", draw: receipt },
    Generator { name: "poster", draw: poster },
    Generator { name: "scenery", draw: scenery },
    Generator { name: "invoice", draw: invoice },
    Generator { name: "chat on a phone", draw: phone_chat },
    Generator { name: "editor", draw: editor },
];

/// What a national number of a language's country counts as.
pub(super) const fn national(language: Language) -> Category {
    match language {
        Language::English => UsSsn,
        Language::Korean => KrRrn,
        Language::German | Language::Spanish | Language::Japanese => NationalId,
    }
}

fn identity_card(dice: &mut Dice, person: &Person, personal: bool, font: Font<'_>) -> Sheet {
    let mut card = Sheet::new(860, 540, [222, 233, 244], font);
    let words = words(person.language);
    card.canvas.fill(0, 0, 860, 84, BLUE);
    card.ink = WHITE;
    card.put(32, 22, 38.0, dice.word(&["REPUBLIC OF NORLAND", "CITY OF EASTMERE", "STATE OF WEXHOLM"]));
    card.ink = BLACK;
    card.canvas.placeholder(36, 120, 230, 290);
    for (row, label) in [words.surname, words.given, words.born, words.national].into_iter().enumerate() {
        card.note(310, 112 + 74 * line(row), 22.0, label);
    }
    card.note(36, 430, 22.0, words.address);
    if personal {
        card.tell(Name, 310, 138, 34.0, person.family);
        card.tell(Name, 310, 212, 34.0, person.given);
        card.tell(DateTime, 310, 286, 34.0, &person.birth());
        card.tell(national(person.language), 310, 360, 34.0, &person.national);
        card.also(NationalId);
        card.tell(Location, 36, 458, 28.0, &person.street);
        card.hint(Location, 36, 494, 28.0, &person.town);
    }
    card
}

fn registration_form(dice: &mut Dice, person: &Person, personal: bool, font: Font<'_>) -> Sheet {
    let mut form = Sheet::new(900, 900, WHITE, font);
    let words = words(person.language);
    form.put(60, 50, 42.0, dice.word(&["New patient registration", "Anmeldung 2026", "Registro", "Membership"]));
    form.note(60, 108, 24.0, "Please print in capital letters.");
    let values: [(&str, Category, String); 6] = [
        (words.surname, Name, person.family.to_owned()),
        (words.given, Name, person.given.to_owned()),
        (words.born, DateTime, person.birth()),
        (words.address, Location, person.street.clone()),
        (words.mobile, PhoneNumber, person.mobile.clone()),
        (words.email, EmailAddress, person.email.clone()),
    ];
    for (row, (label, category, value)) in values.into_iter().enumerate() {
        let y = 180 + 104 * line(row);
        form.ink = BLUE;
        form.put(60, y, 28.0, label);
        form.ink = BLACK;
        if personal {
            form.tell(category, 400, y - 2, 32.0, &value);
        }
        form.canvas.fill(390, y + 42, 450, 2, GREY);
    }
    form
}

fn passport(_: &mut Dice, person: &Person, personal: bool, font: Font<'_>) -> Sheet {
    let mut page = Sheet::new(1_000, 700, [240, 232, 222], font);
    let words = words(person.language);
    page.ink = RED;
    page.put(40, 30, 34.0, "PASSPORT");
    page.ink = BLACK;
    page.canvas.placeholder(40, 110, 260, 340);
    let (surname, given) = person.latin();
    for (row, label) in [words.passport, words.surname, words.given, words.born].into_iter().enumerate() {
        page.note(340, 100 + 84 * line(row), 20.0, label);
    }
    page.canvas.fill(0, 560, 1_000, 140, WHITE);
    page.typeface = Typeface::Mono;
    if personal {
        page.typeface = Typeface::Sans;
        page.tell(Passport, 340, 126, 32.0, &person.passport);
        page.tell(Name, 340, 210, 32.0, &surname);
        page.tell(Name, 340, 294, 32.0, &given);
        page.tell(DateTime, 340, 378, 32.0, &person.birth());
        page.typeface = Typeface::Mono;
        for (row, text) in person.passport_zone().lines().enumerate() {
            page.tell(Passport, 28, 582 + 52 * line(row), 36.0, text);
        }
        page.join(2);
        page.also(Name);
        page.also(DateTime);
    } else {
        page.put(28, 582, 30.0, "THIS PAGE IS RESERVED FOR OFFICIAL USE");
        page.put(28, 634, 30.0, "P<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<");
    }
    page.typeface = Typeface::Sans;
    page
}

fn boarding_pass(dice: &mut Dice, person: &Person, personal: bool, font: Font<'_>) -> Sheet {
    let mut pass = Sheet::new(1_000, 420, WHITE, font);
    pass.canvas.fill(0, 0, 1_000, 70, GREEN);
    pass.ink = WHITE;
    pass.put(30, 16, 36.0, "MERIDIAN AIR");
    pass.put(700, 20, 30.0, "BOARDING PASS");
    pass.ink = BLACK;
    let (surname, given) = person.latin();
    if personal {
        pass.note(30, 95, 22.0, "Passenger name");
        pass.tell(Name, 30, 122, 34.0, &format!("{surname}/{given} MS"));
    } else {
        pass.note(30, 95, 22.0, "Crew copy");
        pass.put(30, 122, 34.0, "NOT VALID FOR TRAVEL");
    }
    let flight = format!("MA {}", dice.figures(3));
    for (column, (label, value)) in
        [("Flight", flight.as_str()), ("Date", "21 NOV"), ("Gate", "B14"), ("Seat", "23C")].into_iter().enumerate()
    {
        let x = 30 + 170 * line(column);
        pass.note(x, 190, 22.0, label);
        pass.put(x, 218, 34.0, value);
    }
    pass.put(30, 300, 26.0, "From Eastmere (EAM) to Port Calder (PCD)");
    pass.canvas.bars(790, 100, 180, 280);
    pass
}

fn checkout(dice: &mut Dice, person: &Person, personal: bool, font: Font<'_>) -> Sheet {
    let mut screen = Sheet::new(960, 640, PALE, font);
    let words = words(person.language);
    screen.canvas.fill(0, 0, 960, 56, [52, 58, 68]);
    screen.ink = WHITE;
    screen.put(140, 14, 26.0, "shop.example/checkout");
    screen.canvas.fill(80, 100, 800, 480, WHITE);
    screen.ink = BLACK;
    screen.put(120, 124, 38.0, dice.word(&["Payment", "Zahlung", "Pago"]));
    screen.note(120, 200, 24.0, words.card);
    screen.note(120, 310, 24.0, words.name);
    for y in [232, 342] {
        screen.canvas.frame(116, y, 560, 56, GREY);
    }
    if personal {
        screen.tell(CreditCard, 132, 241, 34.0, &person.card_in_groups());
        screen.tell(Name, 132, 351, 34.0, &person.full());
        screen.put(720, 241, 34.0, "08/29");
    } else {
        // Of everybody who tries a shop out.
        screen.put(132, 241, 34.0, dice.word(&["4242 4242 4242 4242", "5555 5555 5555 4444", "4111 1111 1111 1111"]));
        screen.put(720, 241, 34.0, "MM/YY");
    }
    screen.canvas.fill(120, 500, 240, 52, BLUE);
    screen.ink = WHITE;
    screen.put(150, 510, 30.0, "Pay 84.90 EUR");
    screen
}

fn mail_window(dice: &mut Dice, person: &Person, personal: bool, font: Font<'_>) -> Sheet {
    let mut window = Sheet::new(1_100, 640, WHITE, font);
    window.canvas.fill(0, 0, 220, 640, PALE);
    for (row, folder) in ["Inbox", "Drafts", "Sent", "Archive", "Spam"].into_iter().enumerate() {
        window.put(30, 60 + 50 * line(row), 24.0, folder);
    }
    let subject = dice.word(&["Contract", "Your appointment", "Delivery on Friday", "Minutes of the meeting"]);
    window.put(260, 40, 36.0, subject);
    if personal {
        window.note(260, 110, 22.0, "From");
        window.tell(EmailAddress, 340, 108, 24.0, &person.email);
        window.put(260, 200, 26.0, "As we agreed, please call me on");
        window.tell(PhoneNumber, 260, 244, 28.0, &person.mobile);
        window.put(260, 330, 26.0, "and send the transfer to");
        window.tell(IbanCode, 260, 374, 28.0, &person.iban);
    } else {
        window.note(260, 110, 22.0, "From");
        window.put(340, 108, 24.0, "no-reply@shop.example");
        window.put(260, 200, 26.0, "Thank you for your order 2026-118734.");
        window.put(260, 244, 26.0, "It was sent today and arrives on Friday.");
        window.put(260, 330, 26.0, "Do not answer this message.");
    }
    window
}

fn terminal(dice: &mut Dice, person: &Person, personal: bool, font: Font<'_>) -> Sheet {
    let mut screen = Sheet::new(1_100, 460, [24, 26, 31], font);
    screen.typeface = Typeface::Mono;
    screen.ink = [214, 218, 224];
    screen.put(30, 30, 24.0, "$ cat deploy/settings");
    screen.put(30, 80, 24.0, "region = eu-central-1");
    if personal {
        match dice.roll(3) {
            0 => {
                // In pieces, so that nobody's scanner takes these for a leak.
                let id = dice.characters(16, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
                screen.put(30, 130, 24.0, &["aws_access_key_id = AKI", "A", &id].concat());
                let secret = secret(dice, 40);
                screen.tell(Secret, 30, 180, 24.0, &format!("aws_secret_access_key = {secret}"));
            }
            1 => {
                let key = dice.characters(35, b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789");
                screen.tell(Secret, 30, 130, 24.0, &["MAPS_KEY=AI", "za", &key].concat());
            }
            _ => {
                let label = words(person.language).password;
                let value = format!("{}{}", dice.characters(9, b"abcdefghkmnpqrstuvwxyz#%+23456789"), dice.figures(3));
                screen.tell(Secret, 30, 130, 24.0, &format!("{label}: {value}"));
            }
        }
    } else {
        screen.put(30, 130, 24.0, "password = ${DB_PASSWORD}");
        screen.put(30, 180, 24.0, "commit 9f31c02b7e5d477a0e19c3b1f2a8d6e4c5b7a910");
    }
    screen.put(30, 260, 24.0, "$ ping -c 1 192.168.10.24");
    screen.put(30, 310, 24.0, "64 bytes from 192.168.10.24: icmp_seq=1 ttl=64");
    screen.typeface = Typeface::Sans;
    screen
}

/// So many characters as secrets have them, capitals, small letters and figures among them.
pub(super) fn secret(dice: &mut Dice, length: usize) -> String {
    let of = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";
    format!("kV7{}", dice.characters(length.saturating_sub(3), of))
}

fn shipping_label(dice: &mut Dice, person: &Person, personal: bool, font: Font<'_>) -> Sheet {
    let mut label = Sheet::new(640, 800, WHITE, font);
    label.canvas.frame(20, 20, 600, 760, BLACK);
    label.put(50, 50, 52.0, dice.word(&["PRIORITY", "PARCEL", "EXPRESS"]));
    label.note(50, 150, 22.0, "FROM: Warehouse 7, Dock Road, Port Calder");
    if personal {
        label.put(50, 220, 26.0, "SHIP TO:");
        label.tell(Name, 50, 264, 36.0, &person.full());
        label.hint(Location, 50, 316, 34.0, &person.street);
        label.hint(Location, 50, 366, 34.0, &person.town);
    } else {
        label.put(50, 220, 26.0, "RETURN TO:");
        label.put(50, 264, 36.0, "Returns department");
        label.put(50, 316, 34.0, "Warehouse 7, Gate 2");
    }
    label.canvas.bars(60, 480, 520, 170);
    label.put(130, 670, 28.0, &format!("TRK {}", in_groups(&dice.figures(16))));
    label
}

fn receipt(dice: &mut Dice, person: &Person, personal: bool, font: Font<'_>) -> Sheet {
    let mut receipt = Sheet::new(560, 860, [252, 252, 250], font);
    receipt.canvas.centred(280, 40, 40.0, BLACK, "CORNER BAKERY");
    receipt.canvas.centred(280, 96, 26.0, GREY, "12 Mill Lane, Eastmere");
    receipt.put(50, 160, 26.0, "21/11/2026  08:42");
    receipt.put(50, 200, 26.0, &format!("Order {}", dice.figures(5)));
    for (row, (item, price)) in
        [("Rye loaf", "4.20"), ("Flat white", "3.40"), ("Orange juice", "3.10")].into_iter().enumerate()
    {
        receipt.put(50, 270 + 52 * line(row), 30.0, item);
        receipt.put(420, 270 + 52 * line(row), 30.0, price);
    }
    receipt.put(50, 450, 36.0, "TOTAL  10.70");
    if personal {
        receipt.put(50, 530, 26.0, person.network);
        receipt.tell(CreditCard, 50, 570, 30.0, &person.card_in_groups());
        receipt.put(50, 614, 26.0, "EXP 08/29");
    } else {
        // A loyalty card passes the check digit of a payment card as often as not.
        receipt.put(50, 530, 26.0, "Paid by card");
        receipt.put(50, 570, 30.0, "**** **** **** 7747");
        receipt.put(50, 614, 26.0, &format!("Bonus card {}", with_luhn(&format!("29{}", dice.figures(10)))));
    }
    receipt.canvas.bars(90, 690, 380, 80);
    receipt.canvas.centred(280, 800, 28.0, BLACK, "Thank you, come again");
    receipt
}

fn poster(dice: &mut Dice, person: &Person, personal: bool, font: Font<'_>) -> Sheet {
    let mut poster = Sheet::new(640, 860, [40, 24, 72], font);
    let title = dice.word(&["Summer Jazz", "Flea Market", "Open Air Cinema", "Harvest Fair"]);
    poster.canvas.centred(320, 120, 66.0, [250, 220, 120], title);
    poster.canvas.centred(320, 260, 40.0, WHITE, "14 August 2026");
    poster.canvas.centred(320, 330, 34.0, WHITE, "Doors open 18:30");
    poster.ink = WHITE;
    if personal {
        poster.put(90, 500, 30.0, "Stalls and questions:");
        poster.tell(
            Name,
            90,
            550,
            34.0,
            &format!("{} {}", if dice.roll(2) == 0 { "Mrs" } else { "Mr" }, person.full()),
        );
        poster.tell(PhoneNumber, 90, 610, 34.0, &person.mobile);
    } else {
        poster.canvas.centred(320, 520, 34.0, WHITE, "Free entry");
        poster.canvas.centred(320, 600, 30.0, WHITE, "Box office 0800 555 0199");
    }
    poster.canvas.centred(320, 740, 28.0, [200, 190, 230], "www.fair.example");
    poster
}

fn scenery(dice: &mut Dice, person: &Person, personal: bool, font: Font<'_>) -> Sheet {
    let mut scene = Sheet::new(960, 600, [150, 190, 226], font);
    let peak = 150 + dice.pixels(120);
    scene.canvas.circle(760 - dice.pixels(400), 110, 48, [255, 236, 170]);
    scene.canvas.polygon(
        &[(0, 420), (230, peak), (420, 380), (640, peak + 30), (960, 300), (960, 600), (0, 600)],
        [116, 134, 150],
    );
    scene.canvas.polygon(&[(0, 480), (300, 380), (620, 460), (960, 400), (960, 600), (0, 600)], [84, 128, 92]);
    // A notice on a tree.
    scene.canvas.fill(300, 330, 420, 190, [248, 246, 236]);
    if personal {
        scene.put(330, 350, 30.0, dice.word(&["LOST CAT", "FOR SALE: BOAT", "ROOM TO LET"]));
        scene.tell(PhoneNumber, 330, 400, 32.0, &person.mobile);
        scene.tell(EmailAddress, 330, 455, 26.0, &person.email);
    } else {
        scene.put(330, 360, 32.0, dice.word(&["Nature reserve", "Picnic area", "Viewpoint 640 m"]));
        scene.put(330, 420, 26.0, "Please stay on the path");
    }
    scene
}

fn invoice(dice: &mut Dice, person: &Person, personal: bool, font: Font<'_>) -> Sheet {
    let mut page = Sheet::new(900, 760, WHITE, font);
    page.put(50, 40, 44.0, dice.word(&["INVOICE", "RECHNUNG", "FACTURA"]));
    page.note(600, 50, 24.0, &format!("No. 2026-{}", dice.figures(4)));
    page.note(600, 84, 24.0, "Date 03/11/2026");
    if personal {
        page.note(50, 140, 24.0, "Bill to:");
        page.tell(Name, 50, 172, 28.0, &person.full());
        page.hint(Location, 50, 212, 26.0, &person.street);
        page.hint(Location, 50, 250, 26.0, &person.town);
    } else {
        page.note(50, 140, 24.0, "Bill to:");
        page.put(50, 172, 28.0, "Northgate Logistics Ltd");
        page.put(50, 212, 26.0, "Unit 4, Dock Road, Port Calder");
    }
    page.put(50, 350, 26.0, "Pallet wrap, 20 rolls");
    page.put(700, 350, 26.0, "184.00");
    page.put(50, 400, 26.0, "Steel strapping, 5 coils");
    page.put(700, 400, 26.0, "412.50");
    page.put(50, 490, 30.0, "Total due  596.50");
    if personal {
        page.note(50, 590, 24.0, "Refunds go to your account");
        page.tell(IbanCode, 50, 624, 28.0, &person.iban);
    } else {
        page.note(50, 590, 24.0, "Delivery note");
        page.put(50, 624, 28.0, &format!("LS {} {}", dice.figures(4), dice.figures(6)));
    }
    page
}

fn phone_chat(dice: &mut Dice, person: &Person, personal: bool, font: Font<'_>) -> Sheet {
    let mut screen = Sheet::new(540, 900, [236, 240, 244], font);
    let bubble = |screen: &mut Sheet, y: i32, mine: bool| {
        let (x, colour) = if mine { (110, [200, 236, 200]) } else { (20, WHITE) };
        screen.canvas.fill(x, y, 410, 92, colour);
        x + 16
    };
    screen.canvas.fill(0, 0, 540, 70, GREEN);
    screen.ink = WHITE;
    screen.put(30, 18, 32.0, dice.word(&["Running group", "Parents 4b", "Flat share"]));
    screen.ink = BLACK;
    let x = bubble(&mut screen, 110, false);
    screen.put(x, 140, 26.0, "Where shall I send it?");
    let x = bubble(&mut screen, 230, true);
    if personal {
        screen.tell(EmailAddress, x, 260, 24.0, &person.email);
        let x = bubble(&mut screen, 350, true);
        screen.tell(PhoneNumber, x, 380, 26.0, &person.mobile);
    } else {
        screen.put(x, 260, 26.0, "To the office, as always");
        let x = bubble(&mut screen, 350, true);
        screen.put(x, 380, 26.0, "Room 3, second floor");
    }
    let x = bubble(&mut screen, 470, false);
    screen.put(x, 500, 26.0, "Great, see you at 18:30");
    screen
}

fn editor(dice: &mut Dice, person: &Person, personal: bool, font: Font<'_>) -> Sheet {
    let mut screen = Sheet::new(1_060, 520, [30, 30, 38], font);
    screen.typeface = Typeface::Mono;
    screen.ink = [214, 214, 224];
    screen.put(30, 30, 24.0, "fn connect() -> Result<Client, Error> {");
    if personal {
        if dice.roll(2) == 0 {
            let password = format!("{}{}", dice.characters(10, b"abcdefghkmnpqrstuvwxyz23456789"), dice.figures(2));
            screen.tell(Secret, 30, 80, 24.0, &format!("    let url = \"postgres://app:{password}@db.example/app\";"));
        } else {
            screen.put(30, 80, 24.0, "    let user = User {");
            screen.tell(EmailAddress, 30, 130, 24.0, &format!("        email: \"{}\",", person.email));
        }
    } else {
        screen.put(30, 80, 24.0, "    let url = env(\"DATABASE_URL\")?;");
        screen.put(30, 130, 24.0, "    // TODO: read the address and phone as well");
    }
    screen.put(30, 200, 24.0, "    let row = database.find(1048213)?;");
    screen.put(30, 250, 24.0, "    Ok(Client::new(url, row.get(2)))");
    screen.put(30, 300, 24.0, "}");
    screen.typeface = Typeface::Sans;
    screen
}

/// A row or a column, as a number of lines.
pub(super) fn line(row: usize) -> i32 {
    i32::try_from(row).unwrap_or_default()
}
