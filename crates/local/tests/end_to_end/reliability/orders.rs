//! What is ordered to go wrong at the edge of the engine: `engine/faults.py` carries it out.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

/// Which calls suffer what.
#[derive(Clone, Debug, Serialize)]
pub struct Order {
    of: Of,
    service: &'static str,
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mentions: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    calls: Option<usize>,
    #[serde(flatten)]
    fate: Fate,
}

impl Order {
    /// Whether it is one for calls of this action.
    pub fn is_of(&self, action: &str) -> bool {
        self.action == action
    }
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Of {
    Task,
    Request,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "does")]
enum Fate {
    Refuse {
        error: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cause: Option<&'static str>,
    },
    Wait {
        seconds: f64,
    },
    Kill,
}

/// Calls of one kind, of which something is to be ordered.
#[derive(Clone, Debug)]
pub struct Calls {
    of: Of,
    service: &'static str,
    action: &'static str,
    mentions: Option<String>,
    how_many: Option<usize>,
}

/// A call that a state machine makes, such as `s3` and `CopyObject`.
pub const fn task(service: &'static str, action: &'static str) -> Calls {
    Calls { of: Of::Task, service, action, mentions: None, how_many: None }
}

/// A call over HTTP, of a function's or an operator's.
pub const fn request(service: &'static str, action: &'static str) -> Calls {
    Calls { of: Of::Request, service, action, mentions: None, how_many: None }
}

impl Calls {
    /// Those alone that hold a text.
    pub fn with(self, text: impl Into<String>) -> Self {
        Self { mentions: Some(text.into()), ..self }
    }

    /// The next so many; without this, all.
    pub fn next(self, calls: usize) -> Self {
        Self { how_many: Some(calls), ..self }
    }

    /// They are refused: of a task, with the error as Step Functions names it.
    pub fn refused(self, error: &'static str) -> Order {
        self.suffer(Fate::Refuse { error, status: None, cause: None })
    }

    /// They fail with this error, and this text for its cause: no fault of the service's.
    pub fn failing(self, error: &'static str, cause: &'static str) -> Order {
        self.suffer(Fate::Refuse { error, status: Some(400), cause: Some(cause) })
    }

    /// A request is answered with this status and error.
    pub fn answered(self, status: u16, error: &'static str) -> Order {
        self.suffer(Fate::Refuse { error, status: Some(status), cause: None })
    }

    /// They wait, and are then answered as ever.
    pub fn late(self, by: Duration) -> Order {
        self.suffer(Fate::Wait { seconds: by.as_secs_f64() })
    }

    /// The function that makes such a request is killed in the midst of it.
    pub fn fatal(self) -> Order {
        self.suffer(Fate::Kill)
    }

    fn suffer(self, fate: Fate) -> Order {
        let Self { of, service, action, mentions, how_many } = self;
        Order { of, service, action, mentions, calls: how_many, fate }
    }
}

/// Where an engine takes orders.
#[derive(Clone, Debug)]
pub struct Desk {
    http: reqwest::Client,
    url: String,
}

impl Desk {
    pub fn of(endpoint: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { http, url: format!("{endpoint}/_warden/faults") }
    }

    /// Gives orders in place of those there were.
    pub async fn order(&self, orders: &[Order]) {
        self.http.post(&self.url).json(orders).send().await.unwrap().error_for_status().unwrap();
    }

    /// All is well from here on.
    pub async fn clear(&self) {
        self.order(&[]).await;
    }

    /// How many orders are left.
    pub async fn left(&self) -> usize {
        let left: Value = self.http.get(&self.url).send().await.unwrap().json().await.unwrap();
        left.as_array().map_or(0, Vec::len)
    }
}
