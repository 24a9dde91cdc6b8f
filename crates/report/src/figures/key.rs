//! What is shown of the key of an object.

/// An object, for people. Unless keys are shown in full, only the first folder and the extension of one are.
pub(super) fn object(bucket: Option<&str>, key: Option<&str>, in_full: bool) -> String {
    match (bucket, key) {
        (Some(bucket), Some(key)) if in_full => format!("s3://{bucket}/{key}"),
        (Some(bucket), Some(key)) => format!("s3://{bucket}/{}", masked(key)),
        _ => "an object".to_owned(),
    }
}

fn masked(key: &str) -> String {
    let folder = key.split_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    let name = key.rsplit('/').next().unwrap_or(key);
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    let plain = |text: &&str| (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let extension = extension.filter(plain).map_or(String::new(), |extension| format!(".{extension}"));
    format!("{folder}*{extension}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_key_the_first_folder_and_the_extension_are_shown() {
        for (key, shown) in [
            ("cards/2026/alice-passport.png", "cards/*.png"),
            ("alice-passport.png", "*.png"),
            ("cards/alice", "cards/*"),
            ("cards/alice.kim@example.com", "cards/*.com"),
            ("cards/a.alice-passport", "cards/*"),
            ("cards/", "cards/*"),
            ("", "*"),
        ] {
            assert_eq!(masked(key), shown, "{key}");
        }
        assert_eq!(object(Some("b"), Some("cards/alice.png"), true), "s3://b/cards/alice.png");
    }
}
