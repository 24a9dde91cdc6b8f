//! How much a finding says by itself, whatever a model says of the picture.

/// How much a finding says by itself, from the most to the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// It validates itself beyond doubt: a machine readable zone with all its check digits, an IBAN, a
    /// private key, a key of a cloud by its form or checksum.
    DecidesAlone,
    /// A payment card, a Korean RRN or a US SSN. One number in ten passes a card's check digit, and the other two have
    /// none that can be relied on: it decides with the sign that stands beside it, if one does.
    NeedsSecondSign(Option<SecondSign>),
    /// It may be something else, or nobody's.
    Likely,
    /// Printed by a standard or a vendor as an example or for tests: it belongs to nobody.
    Published,
}

impl Evidence {
    /// Whether no model is needed to say that this is personal data or a secret.
    #[must_use]
    pub const fn decides(self) -> bool {
        matches!(self, Self::DecidesAlone | Self::NeedsSecondSign(Some(_)))
    }

    /// Whether it counts for anything.
    #[must_use]
    pub fn counts(self) -> bool {
        self != Self::Published
    }
}

/// What stands beside a number and says what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecondSign {
    /// A label, such as `Card number` or `SSN`.
    Label,
    /// The name of the card's network, of a number in the groups that it prints.
    Issuer,
    /// A month and a year, below a number in the groups of a card.
    Expiry,
    /// A person's name.
    Name,
}
