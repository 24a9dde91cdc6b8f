//! What a finding is of.

use crate::named::named;

named! {
    /// What a finding is of: an entity of Presidio where one exists, what only a
    /// picture can show, or what its metadata tells.
    pub enum Category {
        Person = "PERSON": "a person's name",
        Face = "FACE": "a face that can be recognised",
        Location = "LOCATION": "an address, or where a person is",
        PhoneNumber = "PHONE_NUMBER": "a telephone number",
        EmailAddress = "EMAIL_ADDRESS": "an e-mail address",
        DateTime = "DATE_TIME": "a date that belongs to a person, such as a birth date",
        CreditCard = "CREDIT_CARD": "the number of a payment card",
        IbanCode = "IBAN_CODE": "an international bank account number",
        UsBankNumber = "US_BANK_NUMBER": "a bank account number of the United States",
        IpAddress = "IP_ADDRESS": "an IP address",
        UsSsn = "US_SSN": "a Social Security number of the United States",
        UsPassport = "US_PASSPORT": "a passport number of the United States",
        UsDriverLicense = "US_DRIVER_LICENSE": "a driver's licence of the United States",
        KrRrn = "KR_RRN": "a resident registration number of South Korea",
        Nrp = "NRP": "a person's nationality, religion or political group",
        MedicalLicense = "MEDICAL_LICENSE": "the licence of a doctor or a nurse",
        Passport = "PASSPORT": "a passport of another country, or its number",
        NationalId = "NATIONAL_ID": "an identity card of another country, or its number",
        LicensePlate = "LICENSE_PLATE": "a vehicle's number plate",
        Health = "HEALTH": "a medical note or result",
        Signature = "SIGNATURE": "a signature",
        Secret = "SECRET": "a secret that opens something: a password, an access key, a token, a private key",
        Other = "OTHER": "personal data of any other kind",
        LocationMetadata = "location_metadata": "the metadata says where the picture was taken",
        PersonMetadata = "person_metadata": "the metadata names who is in the picture",
        AuthorshipMetadata = "authorship_metadata": "the metadata names who made, handled or owns the picture",
    }
}

impl Category {
    /// Whether it is found in an image's metadata, without the model.
    #[must_use]
    pub const fn is_of_metadata(self) -> bool {
        matches!(self, Self::LocationMetadata | Self::PersonMetadata | Self::AuthorshipMetadata)
    }

    /// Those that the model is asked for.
    pub fn in_pictures() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|category| !category.is_of_metadata())
    }
}
