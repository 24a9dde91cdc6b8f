//! The alert as AWS's chat service takes it: a custom notification, which it shows in Slack and Teams.

use serde_json::{Value, json};

use super::{letter::Letter, record::Record, told::Told};

/// Most characters of the lines before the next steps.
const MAX_DESCRIPTION_CHARS: usize = 3_000;

pub(super) fn notification(told: &Told<'_>, record: &Record, subject: &str) -> Value {
    let letter = Letter::new(told);
    let description = letter.news().iter().map(|line| plain(line)).collect::<Vec<_>>().join("\n");
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
    json!({
        "version": "1.0",
        "source": "custom",
        "id": told.execution.map(|execution| execution.name),
        "content": {
            "textType": "client-markdown",
            "title": plain(&format!("[{}] {}", record.threat_level.to_uppercase(), letter.headline())),
            "description": description.chars().take(MAX_DESCRIPTION_CHARS).collect::<String>(),
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
    })
}

/// Text of a stranger that calls nobody and links nowhere: a chat takes `<`, `>` and `&` for marks of its
/// own, and a backtick for code.
fn plain(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('`', "'")
}
