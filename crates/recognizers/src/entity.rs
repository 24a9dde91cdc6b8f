//! The kinds of personal data.

use std::fmt;

macro_rules! entities {
    ($($(#[$doc:meta])* $entity:ident = $name:literal,)+) => {
        /// A kind of personal data, named as in Presidio where it has a name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Entity {
            $($(#[$doc])* $entity,)+
        }

        impl Entity {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$entity,)+];

            /// Its name, such as `CREDIT_CARD`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$entity => $name,)+
                }
            }
        }
    };
}

entities! {
    /// A person's name.
    Person = "PERSON",
    /// A birth date.
    DateTime = "DATE_TIME",
    /// A private address.
    Location = "LOCATION",
    /// A person's e-mail address.
    EmailAddress = "EMAIL_ADDRESS",
    /// A telephone number.
    PhoneNumber = "PHONE_NUMBER",
    /// The number of a payment card.
    CreditCard = "CREDIT_CARD",
    /// An international bank account number.
    IbanCode = "IBAN_CODE",
    /// The number of a document, a person or an account.
    Id = "ID",
    /// The number of a passport.
    Passport = "PASSPORT",
    /// The number of a passport of the United States.
    UsPassport = "US_PASSPORT",
    /// The number of a driving licence.
    DriverLicense = "DRIVER_LICENSE",
    /// A driving licence of the United States.
    UsDriverLicense = "US_DRIVER_LICENSE",
    /// A social security number of the United States.
    UsSsn = "US_SSN",
    /// A national insurance number of the United Kingdom.
    UkNino = "UK_NINO",
    /// A number of the National Health Service.
    UkNhs = "UK_NHS",
    /// A resident registration number of Korea.
    KrRrn = "KR_RRN",
    /// A Spanish number of foreigners.
    EsNie = "ES_NIE",
    /// An Italian fiscal code.
    ItFiscalCode = "IT_FISCAL_CODE",
    /// A number of Singapore's identity card.
    SgNricFin = "SG_NRIC_FIN",
    /// A Finnish personal identity code.
    FiPersonalIdentityCode = "FI_PERSONAL_IDENTITY_CODE",
    /// A Brazilian taxpayer's number.
    BrCpf = "BR_CPF",
    /// A number of China's identity card.
    CnRic = "CN_RIC",
    /// A Mexican population registry code.
    MxCurp = "MX_CURP",
    /// A number of India's identity card.
    InAadhaar = "IN_AADHAAR",
    /// What opens something: a password, an access key, a token, a private key.
    Secret = "SECRET",
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
