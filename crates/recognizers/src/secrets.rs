//! What opens something: access keys, tokens, private keys, passwords beside their label.
//!
//! The identifier of a key is none, and neither are placeholders, what is masked, and the
//! examples that vendors print.

use std::sync::LazyLock;

use regex::Regex;

use crate::{Entity, Evidence, Finding, Line, Validation, published};

type Pattern = LazyLock<Option<Regex>>;

/// Tokens that begin as their vendor's do and have their length.
static TOKEN: Pattern = LazyLock::new(|| {
    let forms = [
        r"xox[abceoprs]-[0-9A-Za-z-]{20,}",                                         // Slack
        r"xoxd-[0-9A-Za-z%+/=_-]{40,}",                                             // Slack, a browser's
        r"xapp-[0-9]-[0-9A-Z]{8,}-[0-9]{8,}-[0-9a-f]{40,}",                         // Slack, an app's
        r"hooks\.slack\.com/services/T[0-9A-Z]{7,}/B[0-9A-Z]{7,}/[0-9A-Za-z]{20,}", // Slack, an address to write to
        r"(?:sk|rk)_live_[0-9A-Za-z]{20,}",                                         // Stripe
        r"whsec_[0-9A-Za-z+/]{24,}",                                                // Stripe, of a webhook
        r"GOCSPX-[0-9A-Za-z_-]{28}",                                                // Google, of a client
        r"ya29\.[0-9A-Za-z_-]{40,}",                                                // Google, for an hour
        r"hv[sb]\.[0-9A-Za-z_-]{24,}",                                              // Vault
        r"ATATT3[0-9A-Za-z_=-]{60,}",                                               // Atlassian
        r"dckr_[po]at_[0-9A-Za-z_-]{27,}",                                          // Docker
        r"(?:bot)?[0-9]{8,10}:AA[0-9A-Za-z_-]{33}",                                 // Telegram
        r"AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}",                                    // age
        r"bedrock-api-key-[0-9A-Za-z+/_-]{40,}",                                    // Bedrock, for some hours
        r"glpat-[0-9A-Za-z_-]{20,}",                                                // GitLab
        r"github_pat_[0-9A-Za-z]{22}_[0-9A-Za-z]{59}",                              // GitHub, fine-grained
        r"pypi-AgEIcHlwaS5vcmc[0-9A-Za-z_-]{30,}",                                  // PyPI
        r"SG\.[0-9A-Za-z_-]{22}\.[0-9A-Za-z_-]{43}",                                // SendGrid
        r"sk-(?:ant|proj|svcacct|admin)-[0-9A-Za-z_-]{30,}",                        // Anthropic, OpenAI
        r"sk-[0-9A-Za-z]{20}T3BlbkFJ[0-9A-Za-z]{20}",                               // OpenAI, of before
        r"hf_[A-Za-z]{34}",                                                         // Hugging Face
        // Google: every page with a map has one for its visitors' browsers, so it may be no secret.
        r"AIza[0-9A-Za-z_-]{35}(?:[^0-9A-Za-z_-]|$)",
        r"eyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{20,}", // JSON Web Token
    ];
    Regex::new(&format!(r"(?:^|[^0-9A-Za-z_-])({})", forms.join("|"))).ok()
});
/// Keys of clouds that begin as their cloud's do and have their length.
static CLOUD_KEY: Pattern = LazyLock::new(|| {
    let forms = [
        r"dop_v1_[0-9a-f]{64}",       // DigitalOcean
        r"ABSK[0-9A-Za-z+/]{100,}=*", // Bedrock
        // Bedrock, for some hours: the beginning of `bedrock.amazonaws.com/?Action=` to the base of 64, and the rest.
        r"bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t[0-9A-Za-z+/]{200,}=*",
    ];
    Regex::new(&format!(r"(?:^|[^0-9A-Za-z_-])({})(?:[^0-9A-Za-z_-]|$)", forms.join("|"))).ok()
});
/// GitHub's and npm's tokens, whose last six characters are a checksum.
static CHECKED_TOKEN: Pattern =
    LazyLock::new(|| Regex::new(r"(?:^|[^0-9A-Za-z])(?:gh[oprsu]|npm)_([0-9A-Za-z]{30})([0-9A-Za-z]{6})\b").ok());
/// The id of an access key of AWS, which says whose the secret is that stands beside it.
static AWS_KEY_ID: Pattern = LazyLock::new(|| Regex::new(r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b").ok());
/// What may be the secret of an access key of AWS.
static AWS_SECRET: Pattern =
    LazyLock::new(|| Regex::new(r"(?:^|[^0-9A-Za-z/+=])([0-9A-Za-z/+]{40})(?:[^0-9A-Za-z/+=]|$)").ok());
// A reader of print loses spaces.
static PRIVATE_KEY: Pattern = LazyLock::new(|| {
    // The other is PuTTY's: the number of the lines that follow.
    Regex::new(r"-+ ?BEGIN ?[A-Z ]*PRIVATE ?KEY(?: ?BLOCK)? ?-+|^\s*Private-Lines: ?[0-9]+\s*$").ok()
});
static PRIVATE_KEY_END: Pattern = LazyLock::new(|| Regex::new(r"-+ ?END ?[A-Z ]*PRIVATE ?KEY(?: ?BLOCK)? ?-+").ok());
/// Where anything written so begins or ends: a key, a certificate, a message.
static BOUNDARY: Pattern = LazyLock::new(|| Regex::new(r"-+ ?(?:BEGIN|END) ?[A-Z]").ok());
/// A line that may stand between the two as a piece of the key.
static INSIDE_A_KEY: Pattern = LazyLock::new(|| Regex::new(r"^[0-9A-Za-z/+= ]+$").ok());
/// A line of what stands between the beginning and the end of a private key.
static KEY_MATERIAL: Pattern =
    LazyLock::new(|| Regex::new(r"(?:^|[^0-9A-Za-z/+=])([0-9A-Za-z/+]{40,}={0,2})(?:[^0-9A-Za-z/+=]|$)").ok());
/// How the coding of a private RSA key begins, by itself or in PKCS #8: a length, and the version 0, which neither a
/// certificate nor a public key has there.
static KEY_BEGINNING: Pattern =
    LazyLock::new(|| Regex::new(r"(?:^|[^0-9A-Za-z/+=])MII[A-Z][0-9A-Za-z/+]{2}IBA(?:AK[BC]|DAN)").ok());
/// Stands in the first line of every RSA key of PKCS #8, whosever it is.
const KEY_HEADER: &str = "ADANBgkqhkiG9w0BAQEFAASC";
/// An address with a user, a password and what comes behind them.
static CONNECTION: Pattern =
    LazyLock::new(|| Regex::new(r"(?i)\b[a-z][a-z0-9+.-]{1,20}://([^\s:/@]{0,64}):([^\s:/@]{3,128})@([^\s@/]+)").ok());
/// Passwords that services come with, or that stand for one.
const DEFAULTS: [&str; 5] = ["password", "passwd", "pass", "secret", "changeit"];
/// The key of an account, as Azure writes it into connection strings.
static ACCOUNT_KEY: Pattern =
    LazyLock::new(|| Regex::new(r"(?i)\b(?:AccountKey|SharedAccessKey)\s*=\s*([0-9A-Za-z/+]{40,}={0,2})").ok());
/// A password beside its label.
static PASSWORD: Pattern = LazyLock::new(|| {
    labelled(
        "pass(?:word|wd|code|phrase)|pwd|passwort|kennwort|contraseña|contrasena|mot de passe|senha|wachtwoord|パスワード|비밀번호",
    )
});
/// A longer secret beside its label.
static KEY: Pattern = LazyLock::new(|| {
    labelled(
        "secret(?:[_ -]?access)?(?:[_ -]?key)?|client[_ -]?secret|api[_ -]?(?:key|secret|token)|(?:access|auth|bearer|bot|refresh|session)[_ -]?token|private[_ -]?key|access[_ -]?key",
    )
});

/// Parts of what stands in a secret's place.
const PLACEHOLDERS: &[&str] = &[
    "example",
    "xxx",
    "***",
    "•••",
    "●●●",
    "...",
    "…",
    "your",
    "changeme",
    "placeholder",
    "redacted",
    "hidden",
    "dummy",
    "<",
    "{",
    "$",
    "%(",
    "::",
    ":x:",
    "://",
    "arn:",
    "(",
    "[",
];

fn labelled(labels: &str) -> Option<Regex> {
    Regex::new(&format!(
        r#"(?i)(?:^|[^a-z])(?:[a-z0-9]+[_.-])*(?:{labels})["'`]?\s*(?:=>|:=|[:=：])\s*["'`]?([^\s"'`,;]+)"#
    ))
    .ok()
}

/// Finds secrets.
pub(crate) fn find(lines: &[Line<'_>]) -> Vec<Finding> {
    let of_line = |index: usize| {
        let (confidence, validation, evidence) = in_line(index, lines)?;
        let confidence = confidence * lines[index].confidence;
        let last = if holds_private_key(index, lines) { last_of_key(index, lines) } else { index };
        let lines = (index..=last).collect();
        Some(Finding { entity: Entity::Secret, confidence, validation, evidence, lines })
    };
    (0..lines.len()).filter_map(of_line).collect()
}

/// How sure it is that a line holds a secret, how that was validated, and what it says. Keys of clouds and private
/// keys are nothing else; tokens, addresses with a password and what stands beside a label may be made up for a page.
fn in_line(index: usize, lines: &[Line<'_>]) -> Option<(f64, Validation, Evidence)> {
    let text = lines[index].text;
    if holds_checked_token(text) {
        return Some((0.98, Validation::Checksum, Evidence::DecidesAlone));
    }
    if holds_private_key(index, lines) || holds_aws_secret(index, lines) {
        return Some((0.95, Validation::Format, Evidence::DecidesAlone));
    }
    if real(&CLOUD_KEY, text, |_| true) || real(&ACCOUNT_KEY, text, |_| true) {
        return Some((0.9, Validation::Format, Evidence::DecidesAlone));
    }
    if real(&TOKEN, text, |_| true) {
        return Some((0.9, Validation::Format, Evidence::Likely));
    }
    if holds_connection(text) {
        return Some((0.85, Validation::Format, Evidence::Likely));
    }
    let labelled = real(&KEY, text, is_key) || real(&PASSWORD, text, is_password);
    labelled.then_some((0.8, Validation::Context, Evidence::Likely))
}

/// Whether one of what the pattern finds is no placeholder, and as it should be.
fn real(pattern: &Pattern, text: &str, is_right: impl Fn(&str) -> bool) -> bool {
    let found = pattern.as_ref().map(|pattern| pattern.captures_iter(text)).into_iter().flatten();
    found.filter_map(|found| found.get(1)).any(|value| !is_placeholder(value.as_str()) && is_right(value.as_str()))
}

fn is_placeholder(value: &str) -> bool {
    let lower = value.to_lowercase();
    let mut characters: Vec<char> = lower.chars().collect();
    characters.sort_unstable();
    characters.dedup();
    published::is_secret(value) || characters.len() < 4 || PLACEHOLDERS.iter().any(|part| lower.contains(part))
}

/// Whether a text holds an address with a password in it.
fn holds_connection(text: &str) -> bool {
    let mut addresses = CONNECTION.as_ref().map(|address| address.captures_iter(text)).into_iter().flatten();
    addresses.any(|address| {
        let (user, password, behind) = (&address[1], &address[2], &address[3]);
        let is_default = user == password || DEFAULTS.iter().any(|known| password.eq_ignore_ascii_case(known));
        // An image's tag and digest are written the same way.
        let is_digest = behind.starts_with("sha256:") || behind.starts_with("sha512:");
        !is_default && !is_digest && !is_placeholder(password)
    })
}

/// How the names of files end that hold keys and settings.
const EXTENSIONS: &[&str] = &[
    ".asc", ".cer", ".cfg", ".conf", ".crt", ".env", ".gpg", ".jks", ".json", ".key", ".p12", ".pem", ".pfx", ".ppk",
    ".pub", ".txt", ".yaml", ".yml",
];

/// Whether a value says where something stands: a file's path, not what is in it.
fn is_path(value: &str) -> bool {
    let drive = matches!(value.as_bytes(), [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic());
    let lower = value.to_lowercase();
    // One key in 64 begins with a slash.
    let rooted = value.strip_prefix('/').is_some_and(|rest| rest.contains('/') && !rest.contains(['+', '=', '!']));
    drive
        || rooted
        || ["~/", "./", "../", r"\\", r".\"].iter().any(|start| value.starts_with(start))
        || EXTENSIONS.iter().any(|extension| lower.ends_with(extension))
}

/// Whether what stands beside its label may be a password: words alone are none.
fn is_password(value: &str) -> bool {
    let value = value.trim_end_matches(['.', ')', '!', '?']);
    let letters = value.chars().any(char::is_alphabetic);
    let other = value.chars().any(|c| !c.is_alphabetic() && !matches!(c, '-' | '.' | '/' | '_'));
    (6..=128).contains(&value.chars().count()) && letters && other && !is_path(value)
}

fn is_key(value: &str) -> bool {
    let kinds = [
        value.chars().any(|c| c.is_ascii_uppercase()),
        value.chars().any(|c| c.is_ascii_lowercase()),
        value.chars().any(|c| c.is_ascii_digit()),
    ];
    // Of an id of an access key nothing opens.
    let id = AWS_KEY_ID.as_ref().is_some_and(|id| id.is_match(value));
    // What is written to the base of 64 has capitals beside its slashes; the name of a secret has none.
    let names_one = is_path(value) || (value.contains('/') && !kinds[0]);
    value.len() >= 16 && kinds[2] && (kinds[0] || kinds[1]) && !id && !is_uuid(value) && !names_one
}

/// Whether there are capitals, small letters and figures in it, as in what is written to the base of 64.
fn is_mixed(value: &str) -> bool {
    value.chars().any(|c| c.is_ascii_uppercase())
        && value.chars().any(|c| c.is_ascii_lowercase())
        && value.chars().any(|c| c.is_ascii_digit())
}

/// Most ids that stand beside a label are one; a secret is seldom.
fn is_uuid(value: &str) -> bool {
    value.len() == 36 && value.bytes().filter(|byte| *byte == b'-').count() == 4
}

fn holds_checked_token(text: &str) -> bool {
    let mut tokens = CHECKED_TOKEN.as_ref().map(|token| token.captures_iter(text)).into_iter().flatten();
    tokens.any(|token| base62(crc32fast::hash(token[1].as_bytes())) == token[2].as_bytes())
}

/// Six figures to the base of 62.
fn base62(mut number: u32) -> [u8; 6] {
    const FIGURES: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut figures = [b'0'; 6];
    for figure in figures.iter_mut().rev() {
        *figure = FIGURES[(number % 62) as usize];
        number /= 62;
    }
    figures
}

/// The beginning of a private key, with some of it behind or below: documents print the beginning alone, or with its end
/// and what stands for a key between the two.
fn holds_private_key(index: usize, lines: &[Line<'_>]) -> bool {
    let Some(begin) = found_in(&PRIVATE_KEY, lines[index].text) else { return begins_private_key(index, lines) };
    let behind = behind_beginning(lines[index].text, begin.end);
    let holds_some = |text: &str| {
        let mut words = text.split_whitespace();
        words.any(holds_material) && !text.to_lowercase().contains("example")
    };
    let (in_line, is_over) = up_to_boundary(behind);
    if holds_some(&first_piece(in_line)) {
        return true;
    }
    if is_over {
        return false;
    }
    let (below, is_closed) = inside_of_key(index, lines);
    // Where no end is read, it is one piece from the first line on.
    let is_key = |text: &&str| is_closed || is_piece_of_key(text);
    let below = below.iter().map(|line| line.text).filter(|text| !is_header_of_key(text));
    below.take_while(is_key).take(LINES_OF_KEY).any(|text| is_piece_of_key(text) && holds_some(text))
}

/// Whether a private key begins here by its coding, and goes on below: a picture may be cut above its first line, or what
/// reads it may not see that.
fn begins_private_key(index: usize, lines: &[Line<'_>]) -> bool {
    let is_inside = |line: &Line<'_>| is_piece_of_key(line.text) || found_in(&PRIVATE_KEY, line.text).is_some();
    let above = index.checked_sub(1).and_then(|above| lines.get(above));
    found_in(&KEY_BEGINNING, lines[index].text).is_some()
        && is_piece_of_key(lines[index].text)
        && !above.is_some_and(is_inside)
        && lines.get(index + 1).is_some_and(|below| is_piece_of_key(below.text) && holds_material(below.text))
}

/// Whether a word of key material is in it that is not the same in every key.
fn holds_material(text: &str) -> bool {
    real(&KEY_MATERIAL, text, |material| is_mixed(material) && !material.contains(KEY_HEADER))
}

/// In how many of its first lines a private key is looked for.
const LINES_OF_KEY: usize = 4;

fn found_in(pattern: &Pattern, text: &str) -> Option<std::ops::Range<usize>> {
    pattern.as_ref().and_then(|pattern| pattern.find(text)).map(|found| found.range())
}

/// What stands behind a beginning, from its last hyphen on, which may be the end's first one.
fn behind_beginning(text: &str, end: usize) -> &str {
    text.get(end.saturating_sub(1)..).unwrap_or_default()
}

/// A text up to where anything begins or ends in it, and whether something does.
fn up_to_boundary(text: &str) -> (&str, bool) {
    match found_in(&BOUNDARY, text) {
        Some(boundary) => (text.get(..boundary.start).unwrap_or_default(), true),
        None => (text, false),
    }
}

/// The lines below the beginning of a private key up to its end, or where that is missing, to where something else
/// begins or ends; and whether its end is there.
fn inside_of_key<'a, 'b>(index: usize, lines: &'a [Line<'b>]) -> (&'a [Line<'b>], bool) {
    let below = &lines[index + 1..];
    match below.iter().position(|line| found_in(&BOUNDARY, line.text).is_some()) {
        Some(at) => (&below[..at], found_in(&PRIVATE_KEY_END, below[at].text).is_some()),
        None => (below, false),
    }
}

/// What a line of settings or JSON holds of a key: it goes on until anything else stands there.
fn first_piece(text: &str) -> String {
    let text = text.trim_start_matches('-').replace("\\n", " ").replace("\\r", " ").replace('\\', " ");
    let is_piece =
        |word: &&str| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+' | b'='));
    let mut words = text.split_whitespace().skip_while(|word| is_header_of_key(word) || word.contains(','));
    let first: Vec<&str> = words.by_ref().take_while(is_piece).collect();
    let piece = first.join(" ");
    if is_piece_of_key(&piece) { piece } else { String::new() }
}

/// Whether a line is one of those that stand before a key that is encrypted or in a block of PGP's.
fn is_header_of_key(text: &str) -> bool {
    let text = text.trim_start();
    text.is_empty() || HEADERS_OF_KEYS.iter().any(|header| text.starts_with(header))
}

const HEADERS_OF_KEYS: &[&str] =
    &["Proc-Type:", "DEK-Info:", "Version:", "Comment:", "MessageID:", "Hash:", "Charset:"];

/// Whether a line is a piece of a key, and no words: a reader of print may put a space into it.
fn is_piece_of_key(text: &str) -> bool {
    const LEAST_OF_A_WORD: usize = 12;
    let of_a_sentence = |word: &str| {
        let mut letters = word.chars();
        word.len() > 1 && letters.next().is_some_and(char::is_alphabetic) && letters.all(char::is_lowercase)
    };
    // Code writes it as a string, and editors and mails put a sign before each line.
    let text = text.replace("\\n", " ");
    let text = text.trim_matches(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '/' | '='));
    let words = text.split_whitespace().count();
    let letters = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).count();
    found_in(&INSIDE_A_KEY, text).is_some()
        && is_mixed(text)
        && letters >= LEAST_OF_A_WORD * words
        && !text.split_whitespace().any(of_a_sentence)
}

/// The last line of the private key that begins in this one: the one with its end, or where that is missing, the last that
/// may be a piece of it.
fn last_of_key(index: usize, lines: &[Line<'_>]) -> usize {
    let text = lines[index].text;
    let begin = found_in(&PRIVATE_KEY, text).map_or(0, |begin| begin.end);
    if up_to_boundary(behind_beginning(text, begin)).1 {
        return index;
    }
    let (below, is_closed) = inside_of_key(index, lines);
    if is_closed {
        return index + 1 + below.len();
    }
    let is_inside = |line: &&Line<'_>| is_header_of_key(line.text) || found_in(&INSIDE_A_KEY, line.text).is_some();
    index + below.iter().take_while(is_inside).count()
}

/// Words that say that a value was worked out of something else, and opens nothing.
const DIGESTS: &[&str] =
    &["sha1", "sha-1", "sha256", "sha-256", "digest", "checksum", "integrity", "fingerprint", "etag"];

/// A secret of AWS's length with the id of its key near.
fn holds_aws_secret(index: usize, lines: &[Line<'_>]) -> bool {
    let near = &lines[index.saturating_sub(3)..lines.len().min(index + 4)];
    let has_id = |line: &Line<'_>| {
        let id = AWS_KEY_ID.as_ref().and_then(|id| id.find(line.text));
        id.is_some_and(|id| !is_placeholder(id.as_str()))
    };
    // Digests and certificates are written to the base of 64 as well.
    let text = lines[index].text.to_lowercase();
    let is_digest = DIGESTS.iter().any(|word| text.contains(word));
    let is_secret = |value: &str| is_mixed(value) && !value.starts_with("MII");
    !is_digest && real(&AWS_SECRET, lines[index].text, is_secret) && near.iter().any(has_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(texts: &[&str]) -> Vec<(usize, Validation)> {
        let lines: Vec<_> = texts
            .iter()
            .map(|text| Line { text, confidence: 1.0, left: 0.0, top: 0.0, right: 100.0, bottom: 10.0 })
            .collect();
        find(&lines).into_iter().map(|finding| (finding.lines[0], finding.validation)).collect()
    }

    /// Written in two pieces, so that nobody's scanner takes this file for a leak.
    fn joined(pieces: [&str; 2]) -> String {
        pieces.concat()
    }

    #[test]
    fn a_token_with_its_checksum_is_one_and_one_character_off_is_none() {
        let random = "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ";
        let checksum = base62(crc32fast::hash(random.as_bytes()));
        let token = joined(["gh", &format!("p_{random}{}", String::from_utf8_lossy(&checksum))]);
        assert_eq!(found(&[&format!("export GH={token}")]), [(0, Validation::Checksum)]);
        assert_eq!(found(&[&token.replace("zQ", "zO")]), []);
    }

    #[test]
    fn keys_and_tokens_are_known_by_their_form() {
        let id = joined(["AKIA", "Z7QK4MBN2VXTPL6D"]);
        let secret = joined(["h8Kq2Vn0/TzR5wXbL3yJ", "d9PmC4sG7fAeQ1uHiOkV"]);
        for lines in [
            vec![
                "[default]".to_owned(),
                format!("aws_access_key_id = {id}"),
                format!("aws_secret_access_key = {secret}"),
            ],
            vec![format!("{id},{secret}")],
            vec![joined(["xox", "b-123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx"])],
            vec![joined(["sk_l", "ive_4eC39HqLyjWDarjtT1zdp7dc"])],
            vec![joined(["AIz", "aSyD3kLm9QpRsTuVwXyZ0aBcDeFgHiJkLmNo"])],
            vec![joined(["postgres", "://app:t0psecret!9@db.internal:5432/orders"])],
            vec![joined(["redis", "://:t0psecret!9@cache.internal"])],
            vec![
                "-----BEGIN RSA PRIVATE KEY-----".to_owned(),
                "MIIEowIBAAKCAQEA7bq0s1Lw3Xk9v2Yt5Rz8Hn4Jc6Wd".to_owned(),
            ],
            vec![
                "-----BEGIN RSA PRIVATEKEY-----".to_owned(),
                "MIIEowIBAAKCAQEA7bq0s1Lw3Xk9v2Yt5Rz8Hn4Jc6Wd".to_owned(),
            ],
            vec![format!("AccountKey={}==", "Zm9vYmFyQmF6UXV4MTIzNDU2Nzg5MEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFla")],
            vec![joined(["xox", "c-2345678901-2345678901-2345678901-0a1b2c3d4e5f60718293a4b5c6d7e8f9"])],
            vec![joined(["xox", "d-9QpRsTuVwXyZ0aBcDeFgHiJkLmNo%2BPqRsTuVwXyZ0aBcDeFg%3D%3D"])],
            vec![joined(["xapp", "-1-A012BCDEFGH-2345678901234-0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f6071"])],
            vec![joined(["https://hooks.slack.com/", "services/T01ABCDEF/B02GHIJKL/aZ3kLm9QpRsTuVwXyZ0aBcDe"])],
            vec![joined(["whs", "ec_9QpRsTuVwXyZ0aBcDeFgHiJkLmNoPq12"])],
            vec![joined(["GOC", "SPX-9QpRsTuVwXyZ0aBcDeFgHiJkLmNo"])],
            vec![joined(["ya", "29.a0AfH6SMBx9QpRsTuVwXyZ0aBcDeFgHiJkLmNoPqRsTuVwXyZ0aBcDeFg"])],
            vec![joined(["sk-", "svcacct-9QpRsTuVwXyZ0aBcDeFgHiJkLmNoPqRsTuVwXyZ0aBcDeFgT3BlbkFJ9QpRsTuVw"])],
            vec![joined(["sk-", "admin-9QpRsTuVwXyZ0aBcDeFgHiJkLmNoPqRsTuVwXyZ0aBcDeFgT3BlbkFJ9QpRsTuVw"])],
            vec![joined(["sk-", "9QpRsTuVwXyZ0aBcDeFgT3BlbkFJ9QpRsTuVwXyZ0aBcDeFg"])],
            vec![joined(["hv", "s.CAESIJ9QpRsTuVwXyZ0aBcDeFgHiJkLmNoPqRsTuVwXyZ0aBcDeFgGh4KHGh2cy5hYmNkZWY"])],
            vec![joined(["ATA", "TT3xFfGF09QpRsTuVwXyZ0aBcDeFgHiJkLmNoPqRsTuVwXyZ0aBcDeFgHiJkLmNoPqRs=1A2B3C4D"])],
            vec![joined(["dckr", "_pat_9QpRsTuVwXyZ0aBcDeFgHiJkLmN"])],
            vec![joined(["74123", "69850:AAH9QpRsTuVwXyZ0aBcDeFgHiJkLmNoPqRs"])],
            vec![joined(["AGE-SECRET", "-KEY-1QQPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQQPZRY9X8GF2TVDW0S3JN54KH"])],
            vec![joined(["bedrock-api", "-key-YmVkcm9jay5hbWF6b25hd3MuY29tLz9BY3Rpb249Q2FsbFdpdGhCZWFyZXI="])],
            vec![
                "PuTTY-User-Key-File-3: ssh-ed25519".to_owned(),
                "Private-Lines: 1".to_owned(),
                "AAAAIJ9QpRsTuVwXyZ0aBcDeFgHiJkLmNoPqRsTuVwXyZ0aB".to_owned(),
                "Private-MAC: 9f8e7d6c5b4a39281706f5e49f8e7d6c5b4a39281706f5e4".to_owned(),
            ],
        ] {
            let texts: Vec<_> = lines.iter().map(String::as_str).collect();
            let found = found(&texts);
            assert!(found.iter().any(|(_, validation)| *validation == Validation::Format), "{texts:?}: {found:?}");
        }
    }

    /// As where a picture is cut above the line that names the key.
    #[test]
    fn a_private_key_without_its_first_line_is_known_once_by_how_its_coding_begins() {
        let material = "7bq0s1Lw3Xk9v2Yt5Rz8Hn4Jc6WdPq2ZtV8yUe1GmKxB4oSa";
        let rsa = joined(["MIIEowIBAAKC", "AQEA7bq0s1Lw3Xk9v2Yt5Rz8Hn4Jc6WdPq2Z"]);
        let pkcs8 = joined(["MIIEvQIBADANBgkq", "hkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDtuq"]);
        for first in [&rsa, &pkcs8] {
            assert_eq!(found(&["$ cat key", first, material, material]), [(1, Validation::Format)], "{first}");
        }
        assert_eq!(found(&[&rsa, &rsa, &rsa]), [(0, Validation::Format)]);
        for others in [
            [rsa.as_str(), "and so on"],
            ["MIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBa", material],
            ["MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA7bq0", material],
            [&rsa, "Zm9vYmFyExampleZm9vYmFyExampleZm9vYmFyExample1B2"],
        ] {
            assert_eq!(found(&others), [], "{others:?}");
        }
    }

    #[test]
    fn a_password_counts_beside_its_label() {
        for line in [
            "Password: Tr4vel-light!",
            "DB_PASSWORD=s3cr3t.pa55",
            "\"client_secret\": \"8c1f7e2ab94d4e0c9a57\"",
            "Kennwort: Sommer2026!",
            "WLAN パスワード：ume-2026-hana",
            "api-key: 9f8e7d6c5b4a39281706f5e4",
            "client_secret: Kd3/fGh7Jk2LmN8pQr5/tV",
            "client_secret: /Kd3fGh7Jk2LmN8pQr5tVx==",
            "Password: /x9K!t7Qz",
            "Login/Password: Tr4vel-light!",
            "SERVICE_PWD=h3llo.txtA9",
        ] {
            assert_eq!(found(&[line]), [(0, Validation::Context)], "{line}");
        }
    }

    #[test]
    fn what_opens_nothing_is_no_secret() {
        for line in [
            "AKIAZ7QK4MBN2VXTPL6D",
            "aws_access_key_id = AKIAIOSFODNN7EXAMPLE",
            "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "Password: ••••••••",
            "Password: ********",
            "password: required",
            "Passwords must have at least 8 characters",
            "Forgot your password?",
            "password = os.environ['DB_PASSWORD']",
            "password: ${DB_PASSWORD}",
            "PASSWORD=<your password>",
            "postgres://user:${PW}@db/orders",
            "https://example.org:8443/a@b",
            "commit 3f786850e387550fdab836ed7e6dc881de23001b",
            "sha1 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12",
            "\"nextToken\": \"AAAAKgAAAAIAAAAAAAAAAXl0ZXN0\"",
            "\"requestID\": \"c2a1f0de-0001-4000-8000-000000000036\"",
            "secret: arn:aws:secretsmanager:us-east-1:111122223333:secret:db-a1b2c3",
            "-----BEGIN PRIVATE KEY-----",
            "-----BEGIN PUBLIC KEY----- MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA",
            "max_tokens: 4096",
            "Order no. 4711-0815-AKIA",
            "bedrock-api-key-YOUR_KEY",
            "bedrock-api-key-...",
            "sk-admin-...",
            "hvs.example",
            "whsec_xxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
            "docker pull dckr_pat_your_token",
            "12:AA:0B:3C:4D:5E",
            "AGE-SECRET-KEY-1EXAMPLE",
            "Private-Lines: 8",
            "task-admin-interface-with-a-long-name-for-everybody-1",
            "PWD=/home/ec2-user/app",
            "OLDPWD=/srv/app2",
            "PWD=~/app-2",
            r"PWD=C:\Users\app2",
            "private_key: /etc/ssl/private/server2.key",
            "private_key = \"./keys/server2.key\";",
            "ssl_private_key: ../certs/2026/server.key",
            "private-key: server-2026-prod.pem",
            "secret: projects/123456789/secrets/db/versions/3",
            "password: /run/secrets/db_password",
            "/etc/passwd:root:x:0:0:root:/root:/bin/bash",
            "docker://alpine:3.19@sha256:c5b1261d6d3e43071626931fc004f70149baeba2c8ec672bd4f27761f8e1ad6b",
            "docker-pullable://nginx:1.25.3@sha256:4c0fdaa8b6341bfdeca5f18f7837462c80cff90527ee35ef185571e1c327beac",
            "postgres://postgres:postgres@localhost:5432/app",
            "amqp://guest:guest@rabbit:5672",
            "mysql://root:password@127.0.0.1/app",
        ] {
            assert_eq!(found(&[line]), [], "{line}");
        }
    }
}
