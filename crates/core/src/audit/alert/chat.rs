//! The alert as AWS's chat service takes it: a custom notification, which it shows in Slack and Teams.

use serde_json::{Value, json};

use super::{letter::Letter, ocsf::without_nulls, record::Record, told::Told};

/// Most characters of each line before the next steps, so that a long key leaves room for the others.
const MAX_LINE_CHARS: usize = 330;

pub(super) fn notification(told: &Told<'_>, record: &Record, subject: &str) -> Value {
    let letter = Letter::new(told);
    let line = |line: &String| plain(line).chars().take(MAX_LINE_CHARS).collect::<String>();
    let description = letter.news().iter().map(line).collect::<Vec<_>>().join("\n");
    let links = [
        ("Execution", &record.links.execution),
        ("Object", &record.links.object),
        ("CloudTrail", &record.links.cloudtrail),
    ];
    let links = links.into_iter().filter_map(|(name, link)| Some(format!("<{}|{name}>", link.as_ref()?)));
    let command = told.restore.as_ref().map(|command| format!("`{command}`"));
    let next_steps: Vec<_> = letter.to_do().into_iter().map(str::to_owned).chain(command).chain(links).collect();
    // What belongs to one object stands in one thread.
    let thread = match (told.fact(told.bucket()), told.fact(told.key())) {
        (Some(bucket), Some(key)) => Some(format!("{bucket}/{key}")),
        _ => record.event_id.clone(),
    };
    let keywords = [record.threat_level, record.verdict, record.action];
    without_nulls(json!({
        "version": "1.0",
        "source": "custom",
        "id": told.execution.map(|execution| execution.name),
        "content": {
            "textType": "client-markdown",
            "title": plain(&format!("[{}] {}", record.threat_level.to_uppercase(), letter.headline())),
            "description": description,
            "nextSteps": next_steps,
            "keywords": keywords.into_iter().filter(|word| *word != "none").collect::<Vec<_>>(),
        },
        "metadata": {
            "threadId": thread,
            "summary": plain(subject),
            "eventType": "BedrockWarden",
            "additionalContext": {
                "event_id": record.event_id.as_deref().unwrap_or("unknown"),
                "threat_level": record.threat_level,
                "verdict": record.verdict,
                "action": record.action,
            },
        },
    }))
}

/// Text of a stranger that calls nobody and links nowhere: Slack takes `<`, `>` and `&` for marks of its
/// own, Teams `[text](address)` for a link, both a bare address of the web for one, and a backtick for code.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for (at, part) in text.split("://").enumerate() {
        if at > 0 {
            let is_of_the_web = ["http", "https"].iter().any(|scheme| {
                plain.len() >= scheme.len()
                    && plain.is_char_boundary(plain.len() - scheme.len())
                    && plain[plain.len() - scheme.len()..].eq_ignore_ascii_case(scheme)
            });
            plain.push_str(if is_of_the_web { ":/ /" } else { "://" });
        }
        plain.push_str(part);
    }
    let marks = [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("`", "'"), ("](", "] (")];
    marks.iter().fold(plain, |text, (mark, harmless)| text.replace(mark, harmless))
}
