//! The binary, run as people run it, and an AWS for it to talk to.

// Each test binary uses its part.
#![allow(dead_code)]

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};

/// A home directory of its own, and nothing else of the user's environment.
pub struct Person {
    home: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

/// What a run of the binary ended with.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Person {
    /// Somebody who has not signed in anywhere.
    pub fn new() -> Self {
        let no_metadata = ("AWS_EC2_METADATA_DISABLED".to_owned(), "true".to_owned());
        Self { home: tempfile::tempdir().unwrap(), variables: vec![no_metadata] }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    pub fn signed_in(self) -> Self {
        self.with("AWS_ACCESS_KEY_ID", "ENVIRONMENTKEY").with("AWS_SECRET_ACCESS_KEY", "secret")
    }

    pub fn with_file(self, path: &str, text: &str) -> Self {
        let path = self.home.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// A file in the home directory, if it is there.
    pub fn reads(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.home.path().join(path)).ok()
    }

    /// Runs `warden` in the home directory.
    pub fn runs(&self, arguments: &[&str]) -> Run {
        self.begins(arguments).ends()
    }

    /// The same where nobody reads what it prints, as behind `| head` once that has ended.
    pub fn runs_unread(&self, arguments: &[&str]) -> Run {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        Begun { child: self.command(arguments).stdout(writer).spawn().unwrap() }.ends()
    }

    /// Starts `warden` in the home directory.
    pub fn begins(&self, arguments: &[&str]) -> Begun {
        Begun { child: self.command(arguments).spawn().unwrap() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_warden"));
        command.args(arguments).current_dir(self.home.path()).env_clear().env("HOME", self.home.path());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// A run of the binary that may not have ended.
pub struct Begun {
    child: Child,
}

impl Begun {
    /// Sends it a signal, such as `INT`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status().unwrap();
        assert!(status.success());
    }

    /// Waits until it has ended.
    pub fn ends(self) -> Run {
        let Output { status, stdout, stderr } = self.child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let run = Run { code: status.code(), stdout: text(stdout), stderr: text(stderr) };
        assert!(!run.stdout.contains('\x1b') && !run.stderr.contains('\x1b'), "colours without a terminal: {run:?}");
        run
    }
}

/// A request that was made.
#[derive(Clone, Debug)]
pub struct Call {
    pub operation: String,
    pub authorization: String,
}

/// What `DescribeStacks` answers of a stack with these outputs.
pub fn stack(name: &str, outputs: &[(&str, &str)]) -> String {
    let member = |(key, value): &(&str, &str)| {
        format!("<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>")
    };
    let outputs = outputs.iter().map(member).collect::<String>();
    format!(
        "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>{name}</StackName>\
         <StackId>arn:aws:cloudformation:us-west-2:111122223333:stack/{name}/1</StackId>\
         <CreationTime>2026-11-01T10:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus>\
         <Outputs>{outputs}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>"
    )
}

/// Answers an operation with a status and a body.
pub type Answers = fn(operation: &str) -> (u16, String);

/// An AWS on a port of this machine, until the test ends.
pub struct Aws {
    pub url: String,
    calls: Arc<Mutex<Vec<Call>>>,
    _runtime: tokio::runtime::Runtime,
}

impl Aws {
    pub fn answering(answers: Answers) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_io().build().unwrap();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let router = Router::new().fallback(answer).with_state((answers, Arc::clone(&calls)));
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = runtime.block_on(tokio::net::TcpListener::bind(address)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { url, calls, _runtime: runtime }
    }

    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    pub fn operations(&self) -> Vec<String> {
        self.calls().into_iter().map(|call| call.operation).collect()
    }
}

async fn answer(
    State((answers, calls)): State<(Answers, Arc<Mutex<Vec<Call>>>)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let body = String::from_utf8_lossy(&body);
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let operation = match header("x-amz-target").rsplit_once('.') {
        Some((_, operation)) => operation.to_owned(),
        // What S3 is asked for stands in the path.
        None => match body.split('&').find_map(|field| field.strip_prefix("Action=")) {
            Some(operation) => operation.to_owned(),
            None => format!("{method} {uri}"),
        },
    };
    let (status, text) = answers(&operation);
    calls.lock().unwrap().push(Call { operation, authorization: header("authorization") });
    (StatusCode::from_u16(status).unwrap(), text)
}
