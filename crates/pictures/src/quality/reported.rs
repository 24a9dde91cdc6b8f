//! What draws the reported half. Nobody mends a recognizer by a picture of it: whoever does moves the generator to the
//! tuned half, and draws another here.

use warden_core::pii::Category;
use warden_core::pii::Category::{
    CreditCard, DateTime, EmailAddress, IbanCode, Location, NationalId, Passport, Person as Name, PhoneNumber, Secret,
};

use crate::{
    canvas::{BLACK, BLUE, GREEN, GREY, JapaneseFont, PALE, RED, Typeface, WHITE},
    dice::Dice,
};

use super::{
    Generator, Sheet,
    person::{Person, with_luhn},
    tuned::{line, national, secret},
    words::reported as words,
};

type Font<'a> = Option<&'a JapaneseFont>;

pub(super) const GENERATORS: [Generator; 14] = [
    Generator { name: "staff badge", draw: staff_badge },
    Generator { name: "application", draw: application },
    Generator { name: "residence card", draw: residence_card },
    Generator { name: "hotel form", draw: hotel_form },
    Generator { name: "bank card", draw: bank_card },
    Generator { name: "webmail", draw: webmail },
    Generator { name: "environment file", draw: environment_file },
    Generator { name: "customs declaration", draw: customs_declaration },
    Generator { name: "pharmacy label", draw: pharmacy_label },
    Generator { name: "flyer", draw: flyer },
    Generator { name: "street", draw: street },
    Generator { name: "bank statement", draw: bank_statement },
    Generator { name: "messenger", draw: messenger },
    Generator { name: "table of customers", draw: table_of_customers },
];

fn staff_badge(dice: &mut Dice, person: &Person, personal: bool, font: Font<'_>) -> Sheet {
    let mut badge = Sheet::new(620, 860, WHITE, font);
    let words = words(person.language);
    badge.canvas.fill(0, 0, 620, 130, RED);
    badge.canvas.centred(310, 40, 46.0, WHITE, dice.word(&["TIDEWATER", "HALVORSEN", "MERIDIAN"]));
    badge.canvas.placeholder(190, 170, 240, 300);
    if personal {
        badge.note(90, 500, 24.0, words.surname);
        badge.tell(Name, 90, 530, 40.0, person.family);
        badge.note(90, 600, 24.0, words.given);
        badge.tell(Name, 90, 630, 40.0, person.given);
    } else {
        badge.canvas.centred(310, 540, 64.0, BLACK, "VISITOR");
        badge.canvas.centred(310, 630, 34.0, GREY, "Return at the front desk");
    }
    badge.note(90, 760, 24.0, &format!("Badge {}", dice.figures(5)));
    badge
}

fn application(dice: &mut Dice, person: &Person, personal: bool, font: Font<'_>) -> Sheet {
    let mut form = Sheet::new(1_000, 820, [252, 252, 248], font);
    let words = words(person.language);
    form.put(50, 40, 40.0, dice.word(&["Application for a library card", "Antrag", "Solicitud", "Application B-7"]));
    let values: [(&str, Category, String); 6] = [
        (words.surname, Name, person.family.to_owned()),
        (words.given, Name, person.given.to_owned()),
        (words.born, DateTime, person.birth()),
        (words.mobile, PhoneNumber, person.mobile.clone()),
        (words.address, Location, person.street.clone()),
        (words.email, EmailAddress, person.email.clone()),
    ];
    for (at, (label, category, value)) in values.into_iter().enumerate() {
        let (x, y) = (50 + 460 * line(at % 2), 140 + 160 * line(at / 2));
        form.canvas.frame(x, y, 430, 110, BLACK);
        form.note(x + 14, y + 10, 22.0, label);
        if personal {
            form.tell(category, x + 14, y + 52, 30.0, &value);
        }
    }
    form.note(50, 660, 24.0, "For official use");
    form.put(50, 700, 28.0, "Received ______________   Checked ______________");
    form
}

fn residence_card(dice: &mut Dice, person: &Person, personal: bool, font: Font<'_>) -> Sheet {
    let mut card = Sheet::new(860, 540, [230, 236, 220], font);
    card.ink = GREEN;
    card.put(40, 26, 34.0, dice.word(&["RESIDENCE PERMIT", "AUFENTHALTSTITEL", "PERMISO DE RESIDENCIA"]));
    card.ink = BLACK;
    card.note(40, 90, 22.0, "Valid until");
    card.put(40, 116, 28.0, "02.09.2030");
    card.canvas.fill(0, 300, 860, 240, WHITE);
    card.typeface = Typeface::Mono;
    if personal {
        for (row, text) in person.card_zone().lines().enumerate() {
            card.tell(NationalId, 26, 330 + 62 * line(row), 40.0, text);
        }
        card.join(3);
        card.also(Passport);
        card.also(Name);
        card.also(DateTime);
    } else {
        card.put(26, 340, 30.0, "Notes: the holder may take up work.");
        card.put(26, 400, 30.0, "Form RP-204 / 2026, print run 8801");
    }
    card.typeface = Typeface::Sans;
    card
}

fn hotel_form(dice: &mut Dice, person: &Person, personal: bool, font: Font<'_>) -> Sheet {
    let mut form = Sheet::new(820, 900, [250, 247, 240], font);
    let words = words(person.language);
    form.canvas.centred(410, 40, 40.0, GREEN, dice.word(&["Hotel Marigold", "Pension Seeblick", "Hostal Ribera"]));
    form.put(60, 120, 28.0, &format!("Room {}   2 nights", dice.figures(3)));
    let values: [(&str, Category, String); 5] = [
        (words.name, Name, person.full()),
        (words.born, DateTime, person.birth()),
        (words.passport, Passport, person.passport.clone()),
        (words.national, national(person.language), person.national.clone()),
        (words.mobile, PhoneNumber, person.mobile.clone()),
    ];
    for (row, (label, category, value)) in values.into_iter().enumerate() {
        let y = 210 + 110 * line(row);
        form.note(60, y, 24.0, &format!("{label}:"));
        if personal {
            form.tell(category, 60, y + 34, 32.0, &value);
            if category == national(person.language) {
                form.also(NationalId);
            }
        }
        form.canvas.fill(60, y + 76, 560, 2, GREY);
    }
    form.note(60, 800, 22.0, "Breakfast from seven. We wish you a pleasant stay.");
    form
}

fn bank_card(dice: &mut Dice, person: &Person, personal: bool, font: Font<'_>) -> Sheet {
    let ground = dice.one_of(&[BLUE, [60, 60, 66], [110, 40, 90], GREEN]).unwrap_or(BLUE);
    let mut card = Sheet::new(860, 540, ground, font);
    card.ink = WHITE;
    card.put(50, 50, 36.0, dice.word(&["Eastmere Savings", "Nordbank", "Banco Ribera"]));
    card.canvas.fill(60, 150, 110, 84, [212, 186, 110]);
    let (surname, given) = person.latin();
    if personal {
        card.tell(CreditCard, 60, 270, 52.0, &person.card_in_groups());
        card.put(60, 360, 26.0, "VALID THRU 08/29");
        card.tell(Name, 60, 430, 32.0, &format!("{given} {surname}"));
        card.put(650, 440, 44.0, person.network);
    } else {
        card.put(60, 270, 52.0, "GIFT CARD 50");
        card.put(60, 360, 26.0, &format!("No. {}", with_luhn(&format!("60{}", dice.figures(12)))));
    }
    card
}

fn webmail(dice: &mut Dice, person: &Person, personal: bool, font: Font<'_>) -> Sheet {
    let mut page = Sheet::new(1_180, 660, [246, 248, 252], font);
    page.canvas.fill(0, 0, 1_180, 60, [66, 90, 140]);
    page.ink = WHITE;
    page.put(30, 14, 28.0, "webmail.example");
    page.ink = BLACK;
    for (row, subject) in
        ["Canteen menu for next week", "Fire drill on Tuesday", "New printers"].into_iter().enumerate()
    {
        page.put(60, 100 + 60 * line(row), 26.0, subject);
        page.note(900, 100 + 60 * line(row), 24.0, &format!("{}:{}", 8 + row, dice.figures(2)));
    }
    page.canvas.fill(40, 300, 1_100, 320, WHITE);
    if personal {
        page.put(70, 330, 26.0, "With kind regards");
        page.tell(Name, 70, 380, 30.0, &format!("Dr. {}", person.full()));
        page.tell(EmailAddress, 70, 440, 28.0, &person.email);
        page.tell(PhoneNumber, 70, 500, 28.0, &person.mobile);
    } else {
        page.put(70, 330, 26.0, "With kind regards");
        page.put(70, 380, 30.0, "The facilities team");
        page.put(70, 440, 28.0, "facilities, ground floor");
        page.put(70, 500, 28.0, "support@office.example");
    }
    page
}

fn environment_file(dice: &mut Dice, _: &Person, personal: bool, font: Font<'_>) -> Sheet {
    let mut screen = Sheet::new(1_140, 520, [252, 252, 252], font);
    screen.typeface = Typeface::Mono;
    screen.put(40, 40, 24.0, "# production.env");
    screen.put(40, 90, 24.0, "LOG_LEVEL=info");
    screen.put(40, 140, 24.0, &format!("BUILD_ID={}", dice.characters(32, b"0123456789abcdef")));
    if personal {
        match dice.roll(3) {
            0 => {
                screen.tell(Secret, 40, 190, 24.0, "-----BEGIN RSA PRIVATE KEY-----");
                for row in 0..3 {
                    screen.tell(Secret, 40, 234 + 44 * row, 24.0, &secret(dice, 60));
                }
                screen.join(4);
            }
            1 => {
                let name = "app:";
                let password = dice.characters(14, b"abcdefghkmnpqrstuvwxyzABCDEFGHKLMN23456789");
                screen.tell(Secret, 40, 190, 24.0, &format!("BROKER=amqps://{name}{password}@mq.example:5671/"));
            }
            _ => {
                // In pieces, so that nobody's scanner takes it for a leak.
                let token = secret(dice, 32);
                screen.tell(Secret, 40, 190, 24.0, &["CLIENT_SEC", "RET=", &token].concat());
            }
        }
    } else {
        screen.put(40, 190, 24.0, "API_KEY=<your key here>");
        screen.put(40, 240, 24.0, "CLIENT_ID=3f2b8c1a-77d0-4a5e-9c31-0b6f4e2d9a10");
        screen.put(40, 290, 24.0, "PASSWORD=********");
    }
    screen.typeface = Typeface::Sans;
    screen
}

fn customs_declaration(dice: &mut Dice, person: &Person, personal: bool, font: Font<'_>) -> Sheet {
    let mut label = Sheet::new(760, 700, WHITE, font);
    label.canvas.frame(16, 16, 728, 668, BLACK);
    label.put(40, 36, 34.0, "CUSTOMS DECLARATION CN22");
    label.note(40, 100, 22.0, "Contents");
    label.put(40, 128, 28.0, "2 books, 1 scarf   0.840 kg");
    if personal {
        label.note(40, 210, 22.0, "Sender");
        label.tell(Name, 40, 240, 30.0, &person.full());
        label.hint(Location, 40, 284, 28.0, &person.street);
        label.hint(Location, 40, 326, 28.0, &person.town);
        label.note(40, 400, 22.0, words(person.language).mobile);
        label.tell(PhoneNumber, 40, 430, 30.0, &person.mobile);
    } else {
        label.note(40, 210, 22.0, "Sender");
        label.put(40, 240, 30.0, "Bookshop at the Quay Ltd");
        label.put(40, 284, 28.0, "Unit 9, Port Calder");
    }
    label.canvas.bars(60, 520, 600, 90);
    label.put(200, 626, 26.0, &format!("CX {} GB", dice.figures(9)));
    label
}

fn pharmacy_label(dice: &mut Dice, person: &Person, personal: bool, font: Font<'_>) -> Sheet {
    let mut label = Sheet::new(760, 440, WHITE, font);
    label.put(30, 20, 30.0, dice.word(&["GREENFIELD PHARMACY", "ADLER-APOTHEKE", "FARMACIA RIBERA"]));
    label.note(30, 66, 22.0, &format!("Rx {}   Refills: 2", dice.figures(7)));
    label.put(30, 190, 30.0, "AMOXICILLIN 500 MG CAPSULE");
    label.put(30, 236, 24.0, "Take one capsule three times a day");
    if personal {
        let words = words(person.language);
        label.tell(Name, 30, 120, 28.0, &format!("Patient: {}", person.full()));
        label.tell(DateTime, 30, 310, 26.0, &format!("{}: {}", words.born, person.birth()));
    } else {
        label.put(30, 120, 28.0, "Counter stock, not dispensed");
        label.put(30, 310, 26.0, "Batch 7A-2231   Discard after 11/2027");
    }
    label
}

fn flyer(dice: &mut Dice, person: &Person, personal: bool, font: Font<'_>) -> Sheet {
    let mut flyer = Sheet::new(700, 900, [255, 244, 200], font);
    flyer.canvas.fill(0, 0, 700, 200, [230, 120, 40]);
    let title = dice.word(&["Piano lessons", "Bike repair", "Moving help", "Language tandem"]);
    flyer.canvas.centred(350, 60, 64.0, WHITE, title);
    flyer.put(70, 270, 34.0, "Evenings and weekends");
    flyer.put(70, 330, 34.0, "First hour free of charge");
    if personal {
        flyer.tell(PhoneNumber, 70, 470, 40.0, &person.mobile);
        flyer.tell(EmailAddress, 70, 550, 32.0, &person.email);
    } else {
        flyer.put(70, 470, 34.0, "Just drop in: Community Hall");
        flyer.put(70, 550, 32.0, "Mill Lane, every Thursday at 19:00");
    }
    flyer
}

fn street(dice: &mut Dice, person: &Person, personal: bool, font: Font<'_>) -> Sheet {
    let mut street = Sheet::new(1_000, 640, [170, 186, 200], font);
    street.canvas.fill(0, 480, 1_000, 160, [96, 98, 104]);
    for x in [60, 420, 720] {
        street.canvas.fill(
            x,
            120 + dice.pixels(60),
            260,
            380,
            [150 + u8::try_from(dice.roll(60)).unwrap_or_default(), 140, 120],
        );
    }
    street.canvas.fill(90, 210, 200, 60, GREEN);
    street.canvas.centred(190, 222, 32.0, WHITE, dice.word(&["Bakery", "Books", "Flowers"]));
    if personal {
        // A van with its owner's name and number on it.
        street.canvas.fill(430, 380, 480, 190, WHITE);
        street.tell(Name, 460, 400, 34.0, &format!("Mr {}", person.full()));
        street.put(460, 446, 26.0, "Roofs and gutters");
        street.tell(PhoneNumber, 460, 490, 34.0, &person.mobile);
    } else {
        street.canvas.fill(430, 380, 480, 190, WHITE);
        street.put(460, 400, 40.0, "CITY BUS 42");
        street.put(460, 470, 30.0, "Harbour - Station");
    }
    street
}

fn bank_statement(dice: &mut Dice, person: &Person, personal: bool, font: Font<'_>) -> Sheet {
    let mut page = Sheet::new(940, 700, WHITE, font);
    page.ink = BLUE;
    page.put(50, 40, 38.0, dice.word(&["Statement of account", "Kontoauszug", "Extracto"]));
    page.ink = BLACK;
    if personal {
        page.note(50, 120, 24.0, "Account holder");
        page.tell(Name, 330, 118, 26.0, &person.full());
        page.note(50, 170, 24.0, "IBAN");
        page.tell(IbanCode, 330, 168, 26.0, &person.iban);
    } else {
        page.note(50, 120, 24.0, "Tariff");
        page.put(330, 118, 26.0, "Business Plus 2026");
        page.note(50, 170, 24.0, "Price list");
        page.put(330, 168, 26.0, &format!("No. DE {} {}", dice.figures(4), dice.figures(4)));
    }
    for (row, entry) in
        ["02.10.  Rent   -840.00", "05.10.  Groceries   -61.35", "28.10.  Credit   2310.00"].into_iter().enumerate()
    {
        page.put(50, 280 + 50 * line(row), 26.0, entry);
    }
    page.put(50, 480, 28.0, "Balance 1408.65 EUR");
    page
}

fn messenger(dice: &mut Dice, person: &Person, personal: bool, font: Font<'_>) -> Sheet {
    let mut window = Sheet::new(1_080, 620, [40, 44, 54], font);
    window.canvas.fill(0, 0, 260, 620, [30, 33, 41]);
    window.ink = [220, 222, 228];
    for (row, channel) in ["# general", "# deploys", "# lunch", "# on-call"].into_iter().enumerate() {
        window.put(30, 60 + 50 * line(row), 24.0, channel);
    }
    window.put(300, 60, 26.0, "the staging login is broken again");
    if personal {
        if dice.roll(2) == 0 {
            let label = words(person.language).password;
            let value = format!("{}{}", dice.characters(8, b"abcdefghkmnpqrstuvwxyz+#%"), dice.figures(4));
            window.put(300, 130, 26.0, "use mine until it works:");
            window.tell(Secret, 300, 180, 26.0, &format!("{label}: {value}"));
        } else {
            window.put(300, 130, 26.0, "ring the customer, the number is");
            window.tell(PhoneNumber, 300, 180, 26.0, &person.mobile);
            window.tell(IbanCode, 300, 240, 26.0, &person.iban);
        }
    } else {
        window.put(300, 130, 26.0, "password reset is under Settings");
        window.put(300, 180, 26.0, "ticket 88421 has the details");
    }
    window.put(300, 320, 26.0, "thanks, works now");
    window
}

fn table_of_customers(dice: &mut Dice, person: &Person, personal: bool, font: Font<'_>) -> Sheet {
    let mut page = Sheet::new(1_120, 560, WHITE, font);
    page.canvas.fill(0, 0, 1_120, 60, PALE);
    page.put(30, 14, 28.0, "crm.example/customers");
    let headings = if personal { ["Customer", "Email", "Phone"] } else { ["Article", "Stock", "Supplier"] };
    for (column, heading) in headings.into_iter().enumerate() {
        page.note(40 + 360 * line(column), 100, 24.0, heading);
    }
    for row in 0..4 {
        let y = 160 + 80 * row;
        if personal {
            let other = if row == 0 { None } else { Some(Person::made_up(dice, person.language)) };
            let person = other.as_ref().unwrap_or(person);
            page.hint(Name, 40, y, 26.0, &person.full());
            page.tell(EmailAddress, 400, y, 24.0, &person.email);
            page.tell(PhoneNumber, 790, y, 26.0, &person.mobile);
        } else {
            page.put(
                40,
                y,
                26.0,
                dice.word(&["Steel strap 16 mm", "Pallet wrap", "Wood screws 4x40", "Victoria lamp"]),
            );
            page.put(400, y, 26.0, &dice.figures(4));
            page.put(760, y, 26.0, &format!("PN {}-{}-{}", dice.figures(3), dice.figures(2), dice.figures(4)));
        }
        page.canvas.fill(40, y + 50, 1_040, 2, PALE);
    }
    page
}
