//! The API as the browser application uses it: JSON and a cookie.

use anyhow::{Context, bail};
use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;

/// A browser without a window.
pub(super) struct Client {
    http: reqwest::Client,
    base: String,
    cookie: Option<String>,
}

impl Client {
    pub(super) fn new(base: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .context("there is no HTTP client")?;
        Ok(Self {
            http,
            base: base.to_owned(),
            cookie: None,
        })
    }

    pub(super) async fn get(&mut self, path: &str) -> anyhow::Result<Value> {
        let request = self.request(Method::GET, path);
        self.expect(request).await
    }

    pub(super) async fn post(&mut self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.request(Method::POST, path).json(body);
        self.expect(request).await
    }

    /// As [`Self::post`], where `None` stands for a 409.
    pub(super) async fn post_unless_taken(
        &mut self,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<Option<Value>> {
        let request = self.request(Method::POST, path).json(body);
        let (status, answer) = self.send(request).await?;
        if status == StatusCode::CONFLICT {
            return Ok(None);
        }
        successful(status, answer).map(Some)
    }

    pub(super) async fn upload(
        &mut self,
        path: &str,
        file_name: &'static str,
        content: &'static [u8],
    ) -> anyhow::Result<Value> {
        let part = reqwest::multipart::Part::bytes(content).file_name(file_name);
        let form = reqwest::multipart::Form::new().part("file", part);
        let request = self.request(Method::POST, path).multipart(form);
        self.expect(request).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .header("accept-language", "en");
        match &self.cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        }
    }

    async fn expect(&mut self, request: RequestBuilder) -> anyhow::Result<Value> {
        let (status, answer) = self.send(request).await?;
        successful(status, answer)
    }

    async fn send(&mut self, request: RequestBuilder) -> anyhow::Result<(StatusCode, Value)> {
        let response = request.send().await.context("the API does not answer")?;
        if let Some(cookie) = response.headers().get(SET_COOKIE) {
            let cookie = cookie.to_str().context("the cookie is no text")?;
            self.cookie = cookie.split(';').next().map(str::to_owned);
        }
        let status = response.status();
        let answer = response
            .json()
            .await
            .context("the API answers something else than JSON")?;
        Ok((status, answer))
    }
}

fn successful(status: StatusCode, answer: Value) -> anyhow::Result<Value> {
    if !status.is_success() {
        bail!("the API answers {status}: {answer}");
    }
    Ok(answer)
}
