//! What a request is for, by its method and path.

use super::Refusal;

const PATHS: &str = "POST / asks, GET /models lists the models";

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// `POST /`: a chat's next answer.
    Chat,
    /// `GET /models`: what may be asked.
    Models,
    /// `GET /` by a browser: the page.
    Page,
    /// `GET /` by anything else: how to ask.
    Usage,
}

impl Route {
    /// The route of a request.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::MethodNotAllowed`].
    pub fn of(method: &str, path: &str, accept: &str) -> Result<Self, Refusal> {
        match (path, method) {
            ("" | "/", "POST") => Ok(Self::Chat),
            ("" | "/", "GET") if accept.to_ascii_lowercase().contains("text/html") => Ok(Self::Page),
            ("" | "/", "GET") => Ok(Self::Usage),
            ("" | "/", _) => Err(Refusal::MethodNotAllowed { allowed: "GET, POST" }),
            ("/models", "GET") => Ok(Self::Models),
            ("/models", _) => Err(Refusal::MethodNotAllowed { allowed: "GET" }),
            _ => Err(Refusal::NotFound { paths: PATHS }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_goes_where_its_method_path_and_accept_say() {
        let browser = "text/html,application/xhtml+xml,*/*;q=0.8";
        for (method, path, accept, expected) in [
            ("POST", "/", "*/*", Ok(Route::Chat)),
            ("POST", "", browser, Ok(Route::Chat)),
            ("GET", "/", browser, Ok(Route::Page)),
            ("GET", "/", "*/*", Ok(Route::Usage)),
            ("GET", "/models", "", Ok(Route::Models)),
            ("PUT", "/", "*/*", Err(Refusal::MethodNotAllowed { allowed: "GET, POST" })),
            ("POST", "/models", "*/*", Err(Refusal::MethodNotAllowed { allowed: "GET" })),
            ("GET", "/favicon.ico", "image/*", Err(Refusal::NotFound { paths: PATHS })),
            ("POST", "/chat", "*/*", Err(Refusal::NotFound { paths: PATHS })),
        ] {
            assert_eq!(Route::of(method, path, accept), expected, "{method} {path} {accept}");
        }
    }
}
