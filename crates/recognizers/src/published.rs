//! Numbers that standards and vendors print as examples or for tests. They are real by form and check
//! digits, and belong to nobody.

/// Test cards: Stripe, Adyen, Braintree, `PayPal`, Worldpay, Checkout.com, Mollie, Razorpay, Square, and the networks' own.
const CARDS: &str = "4012888888881881 4222222222222 4000056655665556 4000002500003155 4000002760003184 4000008260003178 \
    4000003800000446 4000000000000077 4462030000000000 4917610000000000 4484070000000000 4917300800000000 4032035421088592 \
    4005519200000004 4009348888881881 4012000033330026 4012000077777777 4217651111111119 4500600000000061 4263982640269299 \
    4263970000005262 4005520000000129 4166676667666746 4646464646464644 4988438843884305 4871049999999910 5200828282828210 \
    5105105105105100 5425233430109903 5454545454545454 5399999999999999 5577000055770004 5136333333333335 5585558555855583 \
    5555341244441115 5100290029002909 5103221911199245 5424000000000015 2223003122003222 2223000048400011 2222420000001113 \
    2222410740360010 2223520443560010 2222630000001125 371449635398431 378282246310005 378734493671000 370000000000002 \
    371180303257522 374245455400126 374251018720018 6011000990139424 6011601160116611 6445644564456445 30569309025904 \
    38520000023237 36227206271667 36006666333344 36070500001020 3530111333300000 3566002020360505 3566111111111113 \
    3569990010095841 6759649826438453 6771798021000008 6799990100000000019 6304000000000000 5018000000000009 6205500000000000004 \
    6250941006528599 6243030000000001 4000051230000072 4543474002249996 4484070000035519 5436031030606378 5183683001544411 \
    5313581000123430 5199992312641465 2223000010479399 5267318187975449 4532759734545858 5409889944179029 6011033621379697 \
    36004244846408 3566005734880650 371263462726550 373953244361001 4005554444444460";

/// The examples of the SWIFT registry, and those that pages about IBAN print.
const IBANS: &str = "AD1200012030200359100100 AE070331234567890123456 AL47212110090000000235698741 AT611904300234573201 \
    AZ21NABZ00000000137010001944 BA391290079401028494 BE68539007547034 BE71096123456769 BG80BNBG96611020345678 \
    BH67BMAG00001299123456 BR1800360305000010009795493C1 BY13NBRB3600900000002Z00AB00 CH9300762011623852957 \
    CH5604835012345678009 CR05015202001026284066 CY17002001280000001200527600 CZ6508000000192000145399 \
    CZ9455000000001011038930 DE89370400440532013000 DE91100000000123456789 DE75512108001245126199 \
    DE02120300000000202051 DE02500105170137075030 DE12500105170648489890 DE27100777770209299700 DK5000400440116243 \
    DO28BAGR00000001212453611324 EE382200221020145685 EG380019000500000000263180002 ES9121000418450200051332 \
    ES7921000813610123456789 FI2112345600000785 FI1410093000123458 FO6264600001631634 FR1420041010050500013M02606 \
    FR7630006000011234567890189 FR7630004000031234567890143 GB29NWBK60161331926819 GB33BUKB20201555555555 \
    GB82WEST12345698765432 GE29NB0000000101904917 GI75NWBK000000007099453 GL8964710001000206 GR1601101250000000012300695 \
    GR9608100010000001234567890 GT82TRAJ01020000001210029690 HR1210010051863000160 HR1723600001101234565 \
    HU42117730161111101800000000 HU93116000060000000012345676 IE29AIBK93115212345678 IE64IRCE92050112345678 \
    IL620108000000099999999 IQ98NBIQ850123456789012 IS140159260076545510730339 IT60X0542811101000000123456 \
    JO94CBJO0010000000000131000302 KW81CBKU0000000000001234560101 KZ86125KZT5004100100 LB62099900000001001901229114 \
    LC55HEMM000100010012001200023015 LI21088100002324013AA LT121000011101001000 LU280019400644750000 \
    LU120010001234567891 LV80BANK0000435195001 MC5811222000010123456789030 MD24AG000225100013104168 ME25505000012345678951 \
    MK07250120000058984 MR1300020001010000123456753 MT84MALT011000012345MTLCAST001S MU17BOMM0101101030300200000MUR \
    NL91ABNA0417164300 NL02ABNA0123456789 NO9386011117947 NO8330001234567 \
    PL61109010140000071219812874 PL10105000997603123456789123 PS92PALS000000000400123456702 PT50000201231234567890154 \
    PT50002700000001234567833 QA58DOHB00001234567890ABCDEFG RO49AAAA1B31007593840000 RO09BCYP0000001234567890 \
    RS35260005601001611379 SA0380000000608010167519 SC18SSCB11010000000000001497USD SE4550000000058398257466 \
    SE7280000810340009783242 SI56263300012039086 SK3112000000198742637541 SK8975000000000012345671 \
    SM86U0322509800000000270100 ST68000100010051845310112 SV62CENR00000000000000700025 TL380080012345678910157 \
    TN5910006035183598478831 TR330006100519786457841326 UA213223130000026007233566001 VA59001123000012345678 \
    VG96VPVG0000012345678901 XK051212012345678906";

/// Social security numbers that were advertised, or are printed as examples.
const SSNS: &str = "078051120 219099999 457555462 123456789 123121234";

/// The ends of resident registration numbers that forms and pages print as examples.
const RRN_ENDS: &str = "1234567 2345678";

/// The numbers of the specimens in ICAO's document 9303.
const TRAVEL_DOCUMENTS: &str = "L898902C3 L898902C D23145890 D231458907 C01X00T47 XR0000001 T22000129 L01X00T47";

/// How the keys of accounts begin that emulators of Azure's storage and of Cosmos DB have, all the same.
const EMULATORS: [&str; 2] = ["Eby8vdM02xNOcqFl", "C2y6yDjf5/R+ob0N"];

/// Seeds of one-time passwords: those of RFC 6238 and 4226, of the format's own page, and of libraries' manuals.
const SEEDS: &str = "JBSWY3DPEHPK3PXP JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP HXDMVJECJJWSRB3HWIZR4IFUGFTMXBOZ \
    GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA \
    GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNA \
    GEZDGNBVGY3TQOJQ BASE32SECRET3232";

/// How Stripe's test cards begin, of which there is one for each country.
const STRIPE: &str = "400000";

/// Whether the number of a payment card is nobody's. Hardly a card has one figure six times in a row, eight that
/// count up or down, or no more than three different ones.
pub(crate) fn is_card(digits: &[u32]) -> bool {
    let mut kinds = digits.to_vec();
    kinds.sort_unstable();
    kinds.dedup();
    let repeats = digits.windows(6).any(|run| run.iter().all(|digit| *digit == run[0]));
    let counts = |step: u32| digits.windows(8).any(|run| run.windows(2).all(|pair| (pair[0] + step) % 10 == pair[1]));
    let number: String = digits.iter().filter_map(|digit| char::from_digit(*digit, 10)).collect();
    repeats || counts(1) || counts(9) || kinds.len() <= 3 || number.starts_with(STRIPE) || is_among(CARDS, &number)
}

/// Whether an IBAN, in capitals and without spaces, is nobody's.
pub(crate) fn is_iban(compact: &str) -> bool {
    is_among(IBANS, compact)
}

/// Whether a social security number's nine figures are nobody's. Forms and pages print groups of one figure each.
pub(crate) fn is_ssn(digits: &str) -> bool {
    let is_of_one = |group: &str| group.bytes().all(|digit| group.starts_with(char::from(digit)));
    let groups = [digits.get(..3), digits.get(3..5), digits.get(5..)];
    is_among(SSNS, digits) || groups.into_iter().all(|group| group.is_some_and(is_of_one))
}

/// Whether the thirteen figures of a resident registration number are nobody's.
pub(crate) fn is_rrn(digits: &str) -> bool {
    let end = digits
        .get(6..)
        .filter(|end| is_among(RRN_ENDS, end) || end.bytes().skip(1).all(|digit| matches!(digit, b'0' | b'1')));
    end.is_some()
}

/// Whether a travel document is a specimen: Utopia issues no others.
pub(crate) fn is_travel_document(issuer: &str, number: &str) -> bool {
    issuer == "UTO" || number.starts_with("SPECI") || is_among(TRAVEL_DOCUMENTS, number.trim_end_matches('<'))
}

/// Whether a seed of one-time passwords, in base 32, is nobody's: an example, or one character again and again.
pub(crate) fn is_seed(seed: &str) -> bool {
    let seed = seed.trim_end_matches('=').to_ascii_uppercase();
    is_among(SEEDS, &seed) || seed.bytes().all(|character| seed.starts_with(char::from(character)))
}

/// Whether a secret opens an emulator alone.
pub(crate) fn is_secret(value: &str) -> bool {
    EMULATORS.iter().any(|known| value.starts_with(known))
}

fn is_among(list: &str, value: &str) -> bool {
    list.split(' ').any(|known| known == value)
}

#[cfg(test)]
mod tests {
    use iban::Iban;

    use super::*;
    use crate::checks::{digits, luhn};

    #[test]
    fn what_is_listed_is_right_by_its_check_digits_else_it_need_not_be_listed() {
        for card in CARDS.split_whitespace() {
            assert!(luhn(&digits(card)), "{card}");
        }
        let wrong = IBANS.split_whitespace().filter(|iban| iban.parse::<Iban>().is_err());
        assert_eq!(wrong.collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn a_number_that_somebody_may_have_is_not_taken_for_an_example() {
        for card in ["4929 6071 0392 7747", "5311 0527 4938 1269"] {
            assert!(!is_card(&digits(card)), "{card}");
        }
        for card in [
            "4543 4740 0224 9996",
            "3456 789012 34564",
            "5123 4567 8901 2346",
            "4987 6543 2109 8769",
            "5122 9912 3456 7891",
        ] {
            assert!(is_card(&digits(card)), "{card}");
        }
        for card in ["4111 1111 1111 1111", "4242 4242 4242 4242", "5555 5555 5555 4444", "4000 0000 0000 0002"] {
            assert!(is_card(&digits(card)), "{card}");
        }
        assert!(!is_rrn("8803142839175") && is_rrn("8803141234567") && is_rrn("9001011111111"));
        for (ssn, is_nobodys) in [
            ("219094417", false),
            ("111223334", false),
            ("112223333", false),
            ("078051120", true),
            ("111111111", true),
            ("111223333", true),
            ("222334444", true),
            ("333224444", true),
            ("777889999", true),
        ] {
            assert_eq!(is_ssn(ssn), is_nobodys, "{ssn}");
        }
        assert!(is_travel_document("NLD", "L898902C3") && is_travel_document("UTO", "X83920175"));
        assert!(!is_travel_document("NLD", "X83920175"));
    }
}
