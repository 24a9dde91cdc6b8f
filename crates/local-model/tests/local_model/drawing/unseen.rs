//! Layouts that the rules were not written against: what the model makes of them is
//! measured, never tuned. Who changes a rule because of one moves it to the tests
//! of that rule and draws another here.

use image::RgbImage;

use warden_pictures::canvas::{BLACK, BLUE, Canvas, Colour, GREEN, GREY, PALE, RED, WHITE};

/// A layout and whether it holds personal data.
pub struct Unseen {
    pub name: &'static str,
    pub personal: bool,
    pub draw: fn() -> RgbImage,
}

const fn layout(name: &'static str, personal: bool, draw: fn() -> RgbImage) -> Unseen {
    Unseen { name, personal, draw }
}

pub const UNSEEN: &[Unseen] = &[
    layout("utility bill", true, utility_bill),
    layout("hotel letter", true, hotel_letter),
    layout("bank statement", true, bank_statement),
    layout("prescription", true, prescription),
    layout("staff directory", true, staff_directory),
    layout("name badge", true, name_badge),
    layout("German form", true, german_form),
    layout("shipping label", true, shipping_label),
    layout("tax form", true, tax_form),
    layout("terminal", false, terminal),
    layout("menu", false, menu),
    layout("slide", false, slide),
    layout("timetable", false, timetable),
    layout("warning sign", false, warning_sign),
    layout("source code", false, source_code),
    layout("shop front", false, shop_front),
    layout("company invoice", false, company_invoice),
    layout("poster", false, poster),
    layout("settings page", false, settings_page),
    layout("contact screen", true, contact_screen),
    layout("student card", true, student_card),
    layout("museum label", false, museum_label),
    layout("weather page", false, weather_page),
    layout("nutrition table", false, nutrition_table),
    layout("street signs", false, street_signs),
    layout("keyboard shortcuts", false, shortcuts),
];

type Entry = (i32, i32, f32, Colour, &'static str);

fn sheet(width: u32, height: u32, background: Colour, entries: &[Entry]) -> RgbImage {
    let mut sheet = Canvas::new(width, height, background);
    for (x, y, size, colour, text) in entries {
        sheet.text(*x, *y, *size, *colour, text);
    }
    sheet.image
}

fn utility_bill() -> RgbImage {
    sheet(
        900,
        700,
        WHITE,
        &[
            (50, 40, 44.0, BLUE, "Brookwater Utilities"),
            (50, 130, 28.0, BLACK, "Mr P Hollander"),
            (50, 166, 28.0, BLACK, "22 Fen Lane"),
            (50, 202, 28.0, BLACK, "Marston MT4 2QX"),
            (560, 130, 24.0, GREY, "Bill date"),
            (700, 130, 24.0, BLACK, "4 November 2026"),
            (560, 170, 24.0, GREY, "Account"),
            (700, 170, 24.0, BLACK, "8500 4471 23"),
            (50, 320, 32.0, BLACK, "Your water bill: 61.20 to pay by 30 November"),
            (50, 400, 26.0, BLACK, "Previous balance   0.00"),
            (50, 440, 26.0, BLACK, "Fresh water 14 m3   38.10"),
            (50, 480, 26.0, BLACK, "Waste water   23.10"),
            (50, 600, 24.0, GREY, "Questions? Call 0800 555 0199 or see brookwater.example"),
        ],
    )
}

fn hotel_letter() -> RgbImage {
    sheet(
        800,
        600,
        [250, 247, 240],
        &[
            (250, 40, 40.0, GREEN, "Hotel Marigold"),
            (60, 140, 28.0, BLACK, "Dear Ms Quillfeather,"),
            (60, 200, 26.0, BLACK, "Welcome to our house. Breakfast is served"),
            (60, 236, 26.0, BLACK, "from seven in the garden room. The spa is"),
            (60, 272, 26.0, BLACK, "open all day. Your suite is number 512."),
            (60, 350, 26.0, BLACK, "We wish you a pleasant stay."),
            (60, 430, 26.0, BLACK, "The front desk"),
        ],
    )
}

fn bank_statement() -> RgbImage {
    sheet(
        900,
        640,
        WHITE,
        &[
            (50, 40, 38.0, BLUE, "Statement of account"),
            (50, 120, 24.0, GREY, "Account holder"),
            (330, 120, 26.0, BLACK, "Leander Voss"),
            (50, 164, 24.0, GREY, "IBAN"),
            (330, 164, 26.0, BLACK, "DE89 3704 0044 0532 0130 00"),
            (50, 208, 24.0, GREY, "Period"),
            (330, 208, 26.0, BLACK, "October 2026"),
            (50, 300, 26.0, BLACK, "02.10.  Rent                 -840.00"),
            (50, 340, 26.0, BLACK, "05.10.  Groceries            -61.35"),
            (50, 380, 26.0, BLACK, "28.10.  Salary              2310.00"),
            (50, 480, 28.0, BLACK, "Balance 1408.65 EUR"),
        ],
    )
}

fn prescription() -> RgbImage {
    sheet(
        700,
        420,
        WHITE,
        &[
            (30, 20, 30.0, BLACK, "GREENFIELD PHARMACY"),
            (30, 66, 22.0, GREY, "Rx 0448120   Refills: 2"),
            (30, 120, 28.0, BLACK, "LOWE, AGATHA"),
            (430, 120, 24.0, BLACK, "DOB 03-07-1962"),
            (30, 180, 30.0, BLACK, "AMOXICILLIN 500 MG CAPSULE"),
            (30, 226, 24.0, BLACK, "Take one capsule three times a day"),
            (30, 260, 24.0, BLACK, "until all are finished."),
            (30, 340, 22.0, GREY, "Discard after 11/2027"),
        ],
    )
}

fn staff_directory() -> RgbImage {
    let mut table = Canvas::new(1000, 520, WHITE);
    table.text(40, 30, 36.0, BLACK, "Who is who");
    for (row, cells) in [
        ["Name", "Role", "Extension"],
        ["Beatrice Almgren", "Accounting", "4410"],
        ["Oskar Tindale", "Logistics", "4412"],
        ["Priya Venkataraman", "Research", "4417"],
        ["Malcolm Osei", "Maintenance", "4421"],
    ]
    .into_iter()
    .enumerate()
    {
        let y = 110 + i32::try_from(row).expect("few") * 70;
        for (x, cell) in [(40, cells[0]), (460, cells[1]), (780, cells[2])] {
            table.text(x, y, 28.0, if row == 0 { GREY } else { BLACK }, cell);
        }
        table.line((40.0, (y + 46) as f32), (960.0, (y + 46) as f32), PALE);
    }
    table.image
}

fn name_badge() -> RgbImage {
    let mut badge = Canvas::new(600, 420, RED);
    badge.centred(300, 30, 52.0, WHITE, "HELLO");
    badge.centred(300, 96, 34.0, WHITE, "my name is");
    badge.fill(20, 150, 560, 240, WHITE);
    badge.centred(300, 220, 84.0, BLACK, "Benjamin");
    badge.image
}

fn german_form() -> RgbImage {
    sheet(
        860,
        560,
        WHITE,
        &[
            (40, 30, 40.0, BLACK, "Anmeldung Sportverein"),
            (40, 130, 26.0, GREY, "Familienname"),
            (320, 130, 28.0, BLACK, "Brandtner"),
            (40, 190, 26.0, GREY, "Vorname"),
            (320, 190, 28.0, BLACK, "Korbinian"),
            (40, 250, 26.0, GREY, "Geburtsdatum"),
            (320, 250, 28.0, BLACK, "12.05.1980"),
            (40, 310, 26.0, GREY, "Anschrift"),
            (320, 310, 28.0, BLACK, "Lindenweg 4, 99999 Musterstadt"),
            (40, 420, 26.0, GREY, "Sportart"),
            (320, 420, 28.0, BLACK, "Rudern"),
        ],
    )
}

fn shipping_label() -> RgbImage {
    let mut label = Canvas::new(640, 800, WHITE);
    label.frame(20, 20, 600, 760, BLACK);
    label.text(50, 50, 52.0, BLACK, "PRIORITY");
    label.text(50, 150, 22.0, GREY, "FROM: Warehouse 7, Dock Road, Port Calder");
    label.text(50, 230, 26.0, BLACK, "SHIP TO:");
    label.text(90, 276, 36.0, BLACK, "Caspian Ferrow");
    label.text(90, 322, 36.0, BLACK, "88 Tannery Road");
    label.text(90, 368, 36.0, BLACK, "Eastmere 2217");
    label.bars(60, 480, 520, 170);
    label.text(150, 670, 28.0, BLACK, "TRK 9400 1118 9922 3818");
    label.image
}

fn tax_form() -> RgbImage {
    sheet(
        900,
        560,
        WHITE,
        &[
            (40, 30, 36.0, BLACK, "Request for Taxpayer Identification"),
            (40, 120, 22.0, GREY, "1  Name (as shown on your income tax return)"),
            (40, 150, 30.0, BLACK, "Gideon Ashworth Pell"),
            (40, 230, 22.0, GREY, "5  Address (number, street, and apt. no.)"),
            (40, 260, 30.0, BLACK, "410 Juniper Court Apt 6"),
            (40, 350, 22.0, GREY, "Social security number"),
            (40, 382, 34.0, BLACK, "219-09-4417"),
        ],
    )
}

fn terminal() -> RgbImage {
    let mut screen = Canvas::new(960, 560, [24, 26, 32]);
    for (row, text) in [
        "$ curl -s http://127.0.0.1:8080/health",
        "{\"status\":\"ok\",\"uptime\":184320}",
        "$ ping -c 2 192.168.10.24",
        "64 bytes from 192.168.10.24: icmp_seq=1 ttl=64",
        "$ git log --oneline -3",
        "9f31c02 Fix rounding in totals",
        "1b7e5d4 Bump version to 2.14.0",
        "77a0e19 Merge branch 'main'",
        "$ date",
        "Sat Nov 21 09:41:07 UTC 2026",
    ]
    .into_iter()
    .enumerate()
    {
        screen.mono(30, 30 + i32::try_from(row).expect("few") * 50, 26.0, [190, 220, 190], text);
    }
    screen.image
}

fn menu() -> RgbImage {
    sheet(
        700,
        820,
        [248, 244, 232],
        &[
            (230, 40, 48.0, RED, "Trattoria Rosa"),
            (80, 150, 34.0, BLACK, "Starters"),
            (80, 200, 28.0, BLACK, "Caesar Salad  9.50"),
            (80, 244, 28.0, BLACK, "Carpaccio  12.00"),
            (80, 330, 34.0, BLACK, "Mains"),
            (80, 380, 28.0, BLACK, "Pizza Margherita  11.00"),
            (80, 424, 28.0, BLACK, "Spaghetti alla Norma  13.50"),
            (80, 468, 28.0, BLACK, "Beef Wellington  24.00"),
            (80, 560, 34.0, BLACK, "Drinks"),
            (80, 610, 28.0, BLACK, "Earl Grey  3.00"),
            (80, 654, 28.0, BLACK, "Bloody Mary  9.00"),
        ],
    )
}

fn slide() -> RgbImage {
    sheet(
        960,
        540,
        WHITE,
        &[
            (60, 50, 48.0, BLUE, "Quarterly Review"),
            (60, 160, 32.0, BLACK, "Revenue grew by 12 % to 4.8 million"),
            (60, 220, 32.0, BLACK, "Two new warehouses opened in spring"),
            (60, 280, 32.0, BLACK, "Customer churn fell below 3 %"),
            (60, 340, 32.0, BLACK, "Next step: Project Augusta, Phase 2"),
            (60, 470, 22.0, GREY, "Confidential draft  17 October 2026"),
        ],
    )
}

fn timetable() -> RgbImage {
    let mut table = Canvas::new(900, 560, WHITE);
    table.text(40, 30, 40.0, BLUE, "Line 42  Monday to Friday");
    for (row, (stop, times)) in [
        ("King George Square", "06:10  06:40  07:10"),
        ("Saint Andrew", "06:18  06:48  07:18"),
        ("Victoria Gardens", "06:25  06:55  07:25"),
        ("Harold Wood", "06:31  07:01  07:31"),
        ("Charing Cross", "06:44  07:14  07:44"),
    ]
    .into_iter()
    .enumerate()
    {
        let y = 130 + i32::try_from(row).expect("few") * 70;
        table.text(40, y, 28.0, BLACK, stop);
        table.text(440, y, 28.0, BLACK, times);
    }
    table.image
}

fn warning_sign() -> RgbImage {
    let mut sign = Canvas::new(760, 560, [240, 200, 40]);
    sign.frame(20, 20, 720, 520, BLACK);
    sign.centred(380, 70, 76.0, BLACK, "DANGER");
    sign.centred(380, 190, 56.0, BLACK, "HIGH VOLTAGE");
    sign.centred(380, 310, 34.0, BLACK, "Authorised staff only");
    sign.centred(380, 420, 34.0, BLACK, "In case of fault call 0800 123 4567");
    sign.image
}

fn source_code() -> RgbImage {
    let mut screen = Canvas::new(960, 520, [30, 30, 38]);
    for (row, text) in [
        "struct Customer { name: String, email: String }",
        "",
        "fn load(id: u64) -> Option<Customer> {",
        "    // TODO: read the address and phone as well",
        "    let row = database.find(id)?;",
        "    Some(Customer { name: row.get(1), email: row.get(2) })",
        "}",
        "",
        "assert_eq!(load(1048213), None);",
    ]
    .into_iter()
    .enumerate()
    {
        screen.mono(30, 30 + i32::try_from(row).expect("few") * 50, 26.0, [214, 214, 224], text);
    }
    screen.image
}

fn shop_front() -> RgbImage {
    let mut shop = Canvas::new(960, 600, [140, 150, 160]);
    shop.fill(80, 60, 800, 120, GREEN);
    shop.centred(480, 84, 60.0, WHITE, "Anderson & Sons");
    shop.fill(80, 200, 360, 340, [200, 220, 235]);
    shop.fill(520, 200, 360, 340, [200, 220, 235]);
    shop.centred(260, 300, 36.0, BLACK, "Hardware");
    shop.centred(700, 300, 36.0, BLACK, "Since 1923");
    shop.centred(700, 380, 30.0, BLACK, "Mon to Sat 8 to 18");
    shop.image
}

fn company_invoice() -> RgbImage {
    sheet(
        900,
        720,
        WHITE,
        &[
            (50, 40, 44.0, BLACK, "INVOICE"),
            (600, 50, 24.0, GREY, "No. 2026-1187"),
            (600, 84, 24.0, GREY, "Date 03/11/2026"),
            (50, 140, 24.0, GREY, "Bill to:"),
            (50, 172, 28.0, BLACK, "Northgate Logistics Ltd"),
            (50, 208, 26.0, BLACK, "Unit 4, Dock Road, Port Calder"),
            (50, 300, 26.0, BLACK, "Pallet wrap, 20 rolls"),
            (700, 300, 26.0, BLACK, "184.00"),
            (50, 344, 26.0, BLACK, "Steel strapping, 5 coils"),
            (700, 344, 26.0, BLACK, "412.50"),
            (50, 440, 30.0, BLACK, "Total due"),
            (700, 440, 30.0, BLACK, "596.50"),
            (50, 600, 24.0, GREY, "Questions: accounts@northgate.example, +44 20 7946 0018"),
        ],
    )
}

fn poster() -> RgbImage {
    let mut poster = Canvas::new(640, 860, [40, 24, 72]);
    poster.centred(320, 120, 72.0, [250, 220, 120], "Summer Jazz");
    poster.centred(320, 220, 48.0, WHITE, "in the Park");
    poster.centred(320, 380, 40.0, WHITE, "14 August 2026");
    poster.centred(320, 440, 34.0, WHITE, "Doors open 18:30");
    poster.centred(320, 600, 34.0, WHITE, "Free entry");
    poster.centred(320, 720, 28.0, [200, 190, 230], "www.jazz.example");
    poster.image
}

fn settings_page() -> RgbImage {
    sheet(
        900,
        600,
        WHITE,
        &[
            (50, 30, 40.0, BLACK, "Account settings"),
            (50, 120, 26.0, GREY, "Full name"),
            (50, 156, 28.0, [190, 190, 196], "Enter your name"),
            (50, 220, 26.0, GREY, "Email address"),
            (50, 256, 28.0, [190, 190, 196], "you@"),
            (50, 320, 26.0, GREY, "Time zone"),
            (50, 356, 28.0, BLACK, "UTC +01:00"),
            (50, 420, 26.0, GREY, "Language"),
            (50, 456, 28.0, BLACK, "English"),
            (50, 530, 28.0, BLUE, "Save changes"),
        ],
    )
}

fn contact_screen() -> RgbImage {
    let mut screen = Canvas::new(540, 860, [245, 245, 248]);
    screen.circle(270, 150, 80, [150, 170, 190]);
    screen.centred(270, 118, 60.0, WHITE, "YH");
    screen.centred(270, 260, 42.0, BLACK, "Yara Halloran");
    for (row, (label, value)) in
        [("mobile", "(415) 555-0132"), ("home", "(415) 555-0178"), ("work", "yhalloran@example.com")]
            .into_iter()
            .enumerate()
    {
        let y = 380 + i32::try_from(row).expect("few") * 120;
        screen.fill(30, y, 480, 100, WHITE);
        screen.text(56, y + 14, 24.0, GREY, label);
        screen.text(56, y + 46, 30.0, BLUE, value);
    }
    screen.image
}

fn student_card() -> RgbImage {
    let mut card = Canvas::new(820, 500, [230, 240, 232]);
    card.fill(0, 0, 820, 90, GREEN);
    card.text(30, 24, 38.0, WHITE, "PORT CALDER COLLEGE");
    card.placeholder(40, 130, 200, 250);
    card.text(290, 150, 44.0, BLACK, "Ottoline Vega");
    card.text(290, 220, 28.0, GREY, "Undergraduate student");
    card.text(290, 280, 30.0, BLACK, "20264417");
    card.text(290, 340, 24.0, GREY, "Valid until 09/2027");
    card.bars(290, 400, 400, 60);
    card.image
}

fn museum_label() -> RgbImage {
    sheet(
        820,
        420,
        WHITE,
        &[
            (50, 40, 38.0, BLACK, "Bronze vessel with handles"),
            (50, 110, 28.0, GREY, "Northern coast, about 400 BC"),
            (50, 190, 26.0, BLACK, "Found in 1931 near the old harbour wall."),
            (50, 230, 26.0, BLACK, "Vessels like this one held oil or wine."),
            (50, 320, 24.0, GREY, "Inv. 1931.44.7   Room 12"),
        ],
    )
}

fn weather_page() -> RgbImage {
    sheet(
        860,
        560,
        [210, 230, 248],
        &[
            (50, 40, 44.0, BLACK, "Eastmere"),
            (50, 110, 80.0, BLACK, "17\u{b0}"),
            (50, 220, 30.0, BLACK, "Partly cloudy"),
            (50, 320, 28.0, BLACK, "Sunday    18  /  9"),
            (50, 370, 28.0, BLACK, "Monday    16  /  8"),
            (50, 420, 28.0, BLACK, "Tuesday   13  /  7"),
            (50, 490, 22.0, GREY, "Sunrise 07:12   Sunset 16:20   Wind 14 km/h"),
        ],
    )
}

fn nutrition_table() -> RgbImage {
    sheet(
        640,
        700,
        WHITE,
        &[
            (40, 30, 44.0, BLACK, "Nutrition Facts"),
            (40, 110, 26.0, BLACK, "8 servings per container"),
            (40, 150, 26.0, BLACK, "Serving size 2/3 cup (55 g)"),
            (40, 220, 36.0, BLACK, "Calories 230"),
            (40, 290, 26.0, BLACK, "Total Fat 8 g   10 %"),
            (40, 330, 26.0, BLACK, "Sodium 160 mg   7 %"),
            (40, 370, 26.0, BLACK, "Total Carbohydrate 37 g   13 %"),
            (40, 410, 26.0, BLACK, "Protein 3 g"),
            (40, 500, 24.0, GREY, "Best before 08.2027  L 40217 B"),
        ],
    )
}

fn street_signs() -> RgbImage {
    let mut scene = Canvas::new(900, 600, [150, 190, 220]);
    for (y, text) in [(80, "Martin Luther King Blvd"), (220, "Alexander Street"), (360, "Saint Patrick Avenue")] {
        scene.fill(140, y, 620, 100, GREEN);
        scene.centred(450, y + 26, 46.0, WHITE, text);
    }
    scene.fill(430, 460, 40, 140, GREY);
    scene.image
}

fn shortcuts() -> RgbImage {
    sheet(
        860,
        560,
        [248, 248, 250],
        &[
            (40, 30, 38.0, BLACK, "Keyboard shortcuts"),
            (40, 120, 28.0, BLACK, "Open file        Ctrl + O"),
            (40, 170, 28.0, BLACK, "Save             Ctrl + S"),
            (40, 220, 28.0, BLACK, "Find             Ctrl + F"),
            (40, 270, 28.0, BLACK, "Rename symbol    F2"),
            (40, 320, 28.0, BLACK, "Go to line       Ctrl + G"),
            (40, 420, 24.0, GREY, "Contact the maintainers: team@editor.example"),
        ],
    )
}
