use proptest::prelude::*;

use super::*;
use crate::{
    bedrock::Usage,
    chat::{Decoder, Protocol, TokenCount, ToolCall, protocol::question},
};

const CHAT_EVENTS: &str = concat!(
    ": ready\n\nevent: message\n",
    r#"data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}"#,
    "\n\n",
    "data: {\"choices\":[{\"delta\":{\"content\":\"\u{c548}\u{b155} \u{1f600}\\n\"}}]}\r\n\r\n",
    r#"data:{"choices":[{"delta":{"content":"there"},"finish_reason":"stop"}]}"#,
    "\n\n",
    r#"data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":4}}"#,
    "\n\ndata: [DONE]\n\n"
);

const TOKEN_LINES: &str = concat!(
    "{\"token\":{\"id\":1,\"text\":\"\u{c548}\u{b155} \u{1f600}\\n\",\"special\":false},\"generated_text\":null}\n",
    r#"{"token":{"id":2,"text":"there"}}"#,
    "\n",
    r#"{"token":{"id":0,"text":"</s>","special":true},"generated_text":"x","details":{"finish_reason":"eos_token","generated_tokens":4,"input_length":5}}"#
);

fn expected() -> Vec<AnswerEvent> {
    vec![
        AnswerEvent::Text("\u{c548}\u{b155} \u{1f600}\n".into()),
        AnswerEvent::Text("there".into()),
        AnswerEvent::Usage(counted(5, 4)),
        AnswerEvent::Stop(StopReason::EndTurn),
    ]
}

fn counted(input_tokens: u64, output_tokens: u64) -> TokenCount {
    TokenCount { usage: Usage { input_tokens, output_tokens }, estimated: false }
}

fn decoder() -> Decoder {
    Protocol::JsonLines.decoder(&question("Hi"))
}

fn decoded<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<AnswerEvent>, Error> {
    let mut decoder = decoder();
    let mut out = Vec::new();
    for part in parts {
        decoder.push(part, &mut out)?;
    }
    decoder.finish(&mut out)?;
    Ok(out)
}

/// The text of an answer and why it ended, or the name of its error.
fn ended(stream: &str) -> (String, Result<String, &'static str>) {
    let (mut decoder, mut out) = (decoder(), Vec::new());
    let read = decoder.push(stream.as_bytes(), &mut out).and_then(|()| decoder.finish(&mut out));
    let text = out.iter().filter_map(|event| match event {
        AnswerEvent::Text(text) => Some(text.as_str()),
        _ => None,
    });
    let reason = out.iter().find_map(|event| match event {
        AnswerEvent::Stop(reason) => Some(reason.as_str().to_owned()),
        _ => None,
    });
    (text.collect(), read.map(|()| reason.unwrap()).map_err(|error| error.name().as_str()))
}

fn events(data: &[&str]) -> String {
    data.iter().flat_map(|data| ["data: ", data, "\n\n"]).collect()
}

#[test]
fn a_stream_split_at_every_position_says_the_same() {
    for stream in [CHAT_EVENTS, TOKEN_LINES] {
        let bytes = stream.as_bytes();
        for at in 0..=bytes.len() {
            assert!(decoded([&bytes[..at], &bytes[at..]]).unwrap() == expected(), "split at {at}");
        }
        assert!(decoded(bytes.chunks(1)).unwrap() == expected());
    }
}

proptest! {
    #[test]
    fn a_stream_in_parts_of_any_size_says_the_same(sizes in prop::collection::vec(1_usize..40, 1..200)) {
        for stream in [CHAT_EVENTS, TOKEN_LINES] {
            let mut rest = stream.as_bytes();
            let mut parts = Vec::new();
            for size in sizes.iter().cycle() {
                let (part, after) = rest.split_at((*size).min(rest.len()));
                parts.push(part);
                rest = after;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert!(decoded(parts).unwrap() == expected());
        }
    }
}

#[test]
fn each_end_has_its_reason() {
    for (line, reason) in [
        (r#"{"choices":[{"delta":{"content":"a"},"finish_reason":"length"}]}"#, "max_tokens"),
        (r#"{"choices":[{"delta":{},"finish_reason":"length"}]}"#, "max_tokens"),
        (r#"{"choices":[{"delta":{},"finish_reason":"content_filter"}]}"#, "refusal"),
        (r#"{"choices":[{"delta":{"refusal":"I cannot."},"finish_reason":null}]}"#, "refusal"),
        (r#"{"choices":[{"delta":{"content":"a"},"finish_reason":"meteor"}]}"#, "meteor"),
        (r#"{"choices":[{"message":{"content":"all"},"finish_reason":"stop"}]}"#, "end_turn"),
        (r#"{"choices":[{"text":"all","finish_reason":"stop"}]}"#, "end_turn"),
        (r#"{"token":{"text":"a"},"details":{"finish_reason":"stop_sequence"}}"#, "stop_sequence"),
        (r#"{"token":{"text":"a"},"generated_text":"a"}"#, "end_turn"),
        (r#"{"generated_text":"all at once"}"#, "end_turn"),
    ] {
        let events = decoded([line.as_bytes()]).unwrap();
        assert_eq!(events.last(), Some(&AnswerEvent::Stop(StopReason::of(reason).unwrap())), "{line}");
    }
}

#[test]
fn an_answer_is_whole_only_when_its_end_says_so() {
    let hi = r#"{"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}"#;
    let blank_reason = r#"{"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":""}]}"#;
    let null_reason = r#"{"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"null"}]}"#;
    let stop = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
    let whole = || Ok("end_turn".to_owned());
    let cases = [
        (events(&[hi, stop, "[DONE]"]), "Hi", whole()),
        (events(&[hi, stop]), "Hi", whole()),
        (events(&[hi, "[DONE]"]), "Hi", whole()),
        (events(&[blank_reason, stop]), "Hi", whole()),
        (events(&[hi]), "Hi", Err("ModelUnavailable")),
        (events(&[blank_reason, blank_reason]), "HiHi", Err("ModelUnavailable")),
        (events(&[null_reason]), "Hi", Err("ModelUnavailable")),
        (
            "{\"token\":{\"text\":\"a\"},\"details\":{\"finish_reason\":\"\"}}\n".to_owned(),
            "a",
            Err("ModelUnavailable"),
        ),
        ("{\"token\":{\"text\":\"a\"}}\n".to_owned(), "a", Err("ModelUnavailable")),
        (r#"{"token":{"te"#.to_owned(), "", Err("ModelOutputInvalid")),
        (String::new(), "", Err("ModelUnavailable")),
        // An answer that says nothing is none.
        (events(&["[DONE]"]), "", Err("ModelOutputInvalid")),
        (events(&[stop, "[DONE]"]), "", Err("ModelOutputInvalid")),
        (
            events(&[r#"{"choices":[{"delta":{"content":" \n"},"finish_reason":"stop"}]}"#]),
            " \n",
            Err("ModelOutputInvalid"),
        ),
        (
            events(&[r#"{"choices":[{"delta":{"reasoning_content":"hm"},"finish_reason":"stop"}]}"#]),
            "",
            Err("ModelOutputInvalid"),
        ),
        (r#"{"generated_text":""}"#.to_owned(), "", Err("ModelOutputInvalid")),
        // After its end nothing is read.
        (events(&[hi, stop, "[DONE]", hi, r#"{"error":"x"}"#]) + "nonsense\n", "Hi", whole()),
    ];
    for (stream, text, end) in cases {
        assert_eq!(ended(&stream), (text.to_owned(), end), "{stream}");
    }
}

#[test]
fn an_error_cuts_the_answer_whatever_ends_the_stream_after_it() {
    let hi = r#"{"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}"#;
    for error in [
        r#"{"object":"error","message":"engine dead","type":"InternalServerError","code":500}"#,
        r#"{"error":{"message":"engine dead","code":500}}"#,
        r#"{"error":"engine dead","error_type":"generation"}"#,
        r#"{"type":"error","status":500}"#,
        r#"{"code":400,"type":"InternalServerException","message":"Worker died."}"#,
        r#"{"detail":"Internal Server Error"}"#,
        r#"{"detail":[{"msg":"field required"}]}"#,
        r#"{"choices":[{"index":0,"error":{"code":502}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":""},"finish_reason":"ABORT"}]}"#,
        r#"{"choices":[],"error":{"message":"x"}}"#,
        r#"{"errors":[{"message":"x"}]}"#,
        r#"{"ErrorCode":"CLIENT_ERROR_FROM_MODEL","OriginalStatusCode":500}"#,
        r#"{"InternalServerException":{}, "exceptionType":"x"}"#,
        r#"{"code":500,"reason":"boom"}"#,
        r#"{"status":"error"}"#,
        r#"{"status":503}"#,
        r#"{"choices":[{"index":0,"delta":{"error":"out of memory"},"finish_reason":null}]}"#,
    ] {
        let stream = events(&[hi, error, "[DONE]"]);
        assert_eq!(ended(&stream), ("Hi".to_owned(), Err("ModelUnavailable")), "{error}");
    }
    for error in [
        "event: error\ndata: engine dead\n\n",
        "event: error\ndata: {}\n\n",
        "event: error\n\n",
        "data: {}\nevent: error\n\n",
        "event: exception\ndata: {\"x\":1}\n\n",
    ] {
        let stream = events(&[hi]) + error + "data: [DONE]\n\n";
        assert_eq!(ended(&stream), ("Hi".to_owned(), Err("ModelUnavailable")), "{error}");
    }
    for no_error in [
        r#"{"error":null,"choices":[]}"#,
        r#"{"error":"","message":null}"#,
        r#"{"error":false}"#,
        r#"{"type":"ping"}"#,
        r#"{"code":200,"status":"ok","errors":[],"error_count":0}"#,
        r#"{"choices":[],"prompt_filter_results":[{"error_code":1}],"code":"fine"}"#,
    ] {
        assert_eq!(
            ended(&events(&[hi, no_error, "[DONE]"])),
            ("Hi".to_owned(), Ok("end_turn".to_owned())),
            "{no_error}"
        );
    }
}

#[test]
fn an_error_in_the_stream_repeats_nothing_of_it() {
    for (line, name) in [
        (r#"data: {"error":"secret","error_type":"generation"}"#, "ModelUnavailable"),
        (r#"{"error":{"message":"secret"},"code":424}"#, "ModelUnavailable"),
        (r#"{"token":{"text":""},"details":{"finish_reason":"error"}}"#, "ModelUnavailable"),
        (r#"{"choices":[{"delta":{"content":"secret"},"finish_reason":"abort"}]}"#, "ModelUnavailable"),
        ("event: error\ndata: secret\n", "ModelUnavailable"),
        ("secret", "ModelOutputInvalid"),
        ("data: secret", "ModelOutputInvalid"),
        ("[\"secret\"]", "ModelOutputInvalid"),
    ] {
        let error = decoded([line.as_bytes(), b"\n\n"]).unwrap_err();
        assert_eq!(error.name().as_str(), name, "{line}");
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}

#[test]
fn the_first_choice_alone_is_the_answer() {
    let stop = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
    for choices in [
        r#"{"index":0,"delta":{"content":"Hi"}},{"index":1,"delta":{"content":"SECOND"},"finish_reason":"length"}"#,
        r#"{"index":1,"delta":{"content":"SECOND"},"finish_reason":"abort"},{"index":0,"delta":{"content":"Hi"}}"#,
        r#"{"delta":{"content":"Hi"}},{"delta":{"content":"SECOND"}}"#,
    ] {
        let stream = events(&[&format!(r#"{{"choices":[{choices}]}}"#), stop]);
        assert_eq!(ended(&stream), ("Hi".to_owned(), Ok("end_turn".to_owned())), "{choices}");
    }
    let second = r#"{"choices":[{"index":1,"delta":{"content":"SECOND"},"finish_reason":"stop"}]}"#;
    assert_eq!(ended(&events(&[second])), (String::new(), Err("ModelUnavailable")));
}

#[test]
fn a_text_is_read_as_it_comes() {
    let stop = r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
    for (stream, text) in [
        (format!("\u{feff}{CHAT_EVENTS}"), "안녕 😀\nthere"),
        (format!("\u{feff}{TOKEN_LINES}"), "안녕 😀\nthere"),
        (events(&[r#"{"choices":[{"delta":{"content":"\ud83d\ude42x\ud83d"}}]}"#, stop]), "🙂x\u{fffd}"),
        (events(&[r#"{"choices":[{"delta":{"content":[{"type":"text","text":"a"},{"type":"image"}]}}]}"#, stop]), "a"),
        (
            "data: {\"choices\":\ndata: [{\"delta\":{\"content\":\"a\"},\ndata: \"finish_reason\":\"stop\"}]}\n\n"
                .into(),
            "a",
        ),
        (format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"a\"}}}}]}}\ndata: {stop}\n"), "a"),
        (CHAT_EVENTS.replace('\n', "\r"), "안녕 😀\nthere"),
        (format!("foo: bar\nevent: ping\ndata: 10:00\n\n{CHAT_EVENTS}"), "안녕 😀\nthere"),
        // What stands beside the text is not what it should be.
        (events(&[r#"{"choices":[{"index":"0","delta":{"content":"a","refusal":[]}}]}"#, stop]), "a"),
        (
            events(&[r#"{"choices":[{"delta":{"content":"a","tool_calls":false},"logprobs":[NaN,-Infinity]}]}"#, stop]),
            "a",
        ),
        (events(&[r#"{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":-1}}"#, stop]), "a"),
        (events(&[r#"{"choices":[{"delta":{"content":"a"}}],"usage":[]}"#, stop]), "a"),
        (events(&[r#"{"choices":[{"delta":{"content":"a"}}]}"#, "[ DONE ]"]), "a"),
        (events(&[r#"{"choices":[{"delta":{"content":"a"}}]}"#, "\"[DONE]\""]), "a"),
    ] {
        assert_eq!(ended(&stream), (text.to_owned(), Ok("end_turn".to_owned())), "{stream}");
    }
}

#[test]
fn calls_of_tools_are_told() {
    let call = |index: u64, name: &str, arguments: &str| {
        format!(
            r#"{{"choices":[{{"delta":{{"content":null,"tool_calls":[{{"index":{index},"function":{{"name":{name},"arguments":{arguments}}}}}]}}}}]}}"#
        )
    };
    let end = |reason: &str| format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"{reason}"}}]}}"#);
    let legacy = r#"{"choices":[{"delta":{"function_call":{"name":"get_time","arguments":"{}"}}}]}"#;
    let with_id = |id: &str, name: &str, arguments: &str| {
        format!(
            r#"{{"choices":[{{"delta":{{"tool_calls":[{{"index":0,"id":{id},"function":{{"name":{name},"arguments":{arguments}}}}}]}}}}]}}"#
        )
    };
    let of_one =
        r#"{"choices":[{"delta":{"tool_calls":{"index":0,"id":"","function":{"name":"get_time","arguments":"{}"}}}}]}"#;
    let one = vec![("get_time", "{}")];
    let two = vec![("f", "{}"), ("g", "{}")];
    for (stream, calls) in [
        (events(&[&call(0, r#""get_time""#, r#""""#), &call(0, "null", r#""{}""#), &end("tool_calls")]), one.clone()),
        (events(&[&call(0, r#""get_time""#, "{}"), &end("stop"), "[DONE]"]), one.clone()),
        (events(&[legacy, &end("function_call")]), one.clone()),
        (events(&[of_one, &end("eos_token")]), one.clone()),
        // Another id with a name begins another call, wherever it stands.
        (
            events(&[&with_id(r#""a""#, r#""f""#, r#""{}""#), &with_id(r#""b""#, r#""g""#, r#""{}""#), "[DONE]"]),
            two.clone(),
        ),
        (
            events(&[
                &with_id(r#""a""#, r#""f""#, r#""{""#),
                &with_id(r#""a""#, "null", r#""}""#),
                &with_id(r#""b""#, r#""g""#, "null"),
                &with_id("null", "null", r#""{}""#),
                "[DONE]",
            ]),
            two,
        ),
        // A new id for each part does not.
        (events(&[&with_id(r#""a""#, r#""get_time""#, "null"), &with_id(r#""b""#, "null", r#""{}""#), "[DONE]"]), one),
        (
            events(&[
                &call(0, r#""a""#, r#""{\"x\":""#),
                &call(1, r#""b""#, "null"),
                &call(0, "null", r#""1}""#),
                "[DONE]",
            ]),
            vec![("a", "{\"x\":1}"), ("b", "")],
        ),
    ] {
        let told = decoded([stream.as_bytes()]).unwrap();
        let expected: Vec<_> = calls
            .into_iter()
            .map(|(name, arguments)| AnswerEvent::ToolCall(ToolCall { name: name.into(), arguments: arguments.into() }))
            .collect();
        assert!(told[..told.len() - 2] == expected, "{stream}: {told:?}");
        assert_eq!(told.last(), Some(&AnswerEvent::Stop(StopReason::ToolUse)), "{stream}");
    }
    let endless = events(
        &vec![call(0, r#""a""#, &format!("\"{}\"", "x".repeat(1 << 16))); 17]
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>(),
    );
    assert_eq!(ended(&endless).1, Err("ModelOutputInvalid"));
}

#[test]
fn the_tokens_of_a_cut_answer_are_the_containers_or_estimated() {
    let delta = r#"{"choices":[{"delta":{"content":"안녕"}}]}"#;
    let counting = r#"{"choices":[{"delta":{"content":"안"}}],"usage":{"prompt_tokens":5,"completion_tokens":9}}"#;
    let zeros = r#"{"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0}}"#;
    for (stream, input_tokens, output_tokens, estimated) in [
        (events(&[delta]), 1, 2, true),
        (events(&[counting]), 5, 9, false),
        (events(&[counting, delta]), 5, 11, true),
        (events(&[delta, zeros]), 1, 2, true),
        (events(&[r#"{"choices":[{"delta":{"reasoning":"thinks"}}]}"#]), 1, 2, true),
        (events(&[r#"{"choices":[],"usage":{"prompt_tokens":5.0,"completion_tokens":"9"}}"#]), 5, 9, false),
        (events(&[delta, r#"{"choices":[],"usage":{"prompt_tokens":-1,"completion_tokens":1.5}}"#]), 1, 2, true),
        ("{\"token\":{\"text\":\"a longer token\"}}\n{\"token\":{\"text\":\"b\"}}\n".into(), 1, 2, true),
    ] {
        let mut decoder = decoder();
        decoder.push(stream.as_bytes(), &mut Vec::new()).unwrap();
        let expected = TokenCount { usage: Usage { input_tokens, output_tokens }, estimated };
        assert_eq!(decoder.tokens(), expected, "{stream}");
    }
}

#[test]
fn debugging_prints_nothing_of_what_a_container_said() {
    let mut decoder = decoder();
    let call = r#"data: {"choices":[{"delta":{"content":"secret","tool_calls":[{"function":{"name":"secret"}}]}}]}"#;
    decoder.push(format!("{call}\n\n").as_bytes(), &mut Vec::new()).unwrap();
    decoder.push(br#"{"token":{"text":"secret"#, &mut Vec::new()).unwrap();
    let printed = format!("{decoder:?}");
    assert!(printed.contains("24 bytes begun") && !printed.contains("secret"), "{printed}");
}
