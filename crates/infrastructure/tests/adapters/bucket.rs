//! A store that speaks as much of S3's API as the adapter uses ("Amazon S3 API Reference",
//! 2006-03-01), on a loopback port.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard};

use nexus_infrastructure::BucketConfig;
use secrecy::SecretString;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const BUCKET: &str = "archivos";
pub(crate) const ACCESS_KEY_ID: &str = "AKIDEXAMPLE";
pub(crate) const SECRET: &str = "a-planted-secret";

/// S3 takes no smaller parts but the last.
const LEAST_PART: usize = 5 * 1024 * 1024;
/// So few keys are listed at a time that there is more than one page.
const KEYS_PER_PAGE: usize = 2;

#[derive(Default)]
pub(crate) struct Contents {
    pub(crate) objects: BTreeMap<String, Vec<u8>>,
    /// By upload, the parts by number.
    pub(crate) uploads: BTreeMap<String, BTreeMap<u32, Vec<u8>>>,
    /// Method and path of each request.
    pub(crate) requests: Vec<String>,
    /// So many of the next requests are answered with this status.
    pub(crate) failing: Option<(u16, usize)>,
    begun: usize,
}

/// The store, as long as this is there.
pub(crate) struct Bucket {
    address: String,
    contents: Arc<Mutex<Contents>>,
    serving: tokio::task::JoinHandle<()>,
}

impl Drop for Bucket {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Bucket {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let contents: Arc<Mutex<Contents>> = Arc::default();
        let shared = Arc::clone(&contents);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self {
            address,
            contents,
            serving,
        }
    }

    pub(crate) fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap()
    }

    pub(crate) fn config(&self) -> BucketConfig {
        BucketConfig {
            bucket: BUCKET.to_owned(),
            endpoint: Some(self.address.clone()),
            region: "us-east-1".to_owned(),
            access_key_id: ACCESS_KEY_ID.to_owned(),
            secret_access_key: SecretString::from(SECRET),
            path_style: true,
            prefix: "nexus/de-prueba".to_owned(),
        }
    }
}

struct Request {
    method: String,
    key: String,
    query: BTreeMap<String, String>,
    body: Vec<u8>,
    signed: bool,
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut first = String::new();
    stream
        .read_line(&mut first)
        .await
        .ok()
        .filter(|read| *read > 0)?;
    let mut words = first.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (mut length, mut signed) = (0, false);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "authorization" => {
                let credential = format!("AWS4-HMAC-SHA256 Credential={ACCESS_KEY_ID}/");
                signed = value.starts_with(&credential) && value.contains("Signature=");
            }
            _ => {}
        }
        assert!(!value.contains(SECRET), "the secret is sent: {name}");
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let query = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let query = query.map(|(name, value)| (name.to_owned(), value.replace("%2F", "/")));
    let key = path.strip_prefix('/')?.strip_prefix(BUCKET)?;
    Some(Request {
        method,
        key: key.trim_start_matches('/').to_owned(),
        query: query.collect(),
        body,
        signed,
    })
}

async fn serve(stream: TcpStream, contents: Arc<Mutex<Contents>>) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream).await {
        let (status, body) = answer(request, &mut contents.lock().unwrap());
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nETag: \"e\"\r\n\
             Last-Modified: Mon, 23 Nov 2026 10:00:00 GMT\r\n\r\n",
            body.len()
        );
        let answer = [head.as_bytes(), &body].concat();
        if stream.get_mut().write_all(&answer).await.is_err() {
            return;
        }
    }
}

fn answer(request: Request, contents: &mut Contents) -> (u16, Vec<u8>) {
    let Request {
        method,
        key,
        query,
        body,
        signed,
    } = request;
    contents.requests.push(format!("{method} {key}"));
    if !signed {
        return (403, b"<Error><Code>AccessDenied</Code></Error>".to_vec());
    }
    if let Some((status, left)) = &mut contents.failing
        && *left > 0
    {
        *left -= 1;
        return (*status, b"<Error><Code>SlowDown</Code></Error>".to_vec());
    }
    let upload = query.get("uploadId");
    match (method.as_str(), upload) {
        ("PUT", Some(upload)) => {
            let number = query["partNumber"].parse().unwrap();
            let Some(parts) = contents.uploads.get_mut(upload) else {
                return (404, b"<Error><Code>NoSuchUpload</Code></Error>".to_vec());
            };
            parts.insert(number, body);
            (200, Vec::new())
        }
        ("PUT", None) => {
            contents.objects.insert(key, body);
            (200, Vec::new())
        }
        ("POST", None) if query.contains_key("uploads") => {
            contents.begun += 1;
            let id = format!("upload-{}", contents.begun);
            contents.uploads.insert(id.clone(), BTreeMap::new());
            let xml = format!(
                "<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
            );
            (200, xml.into_bytes())
        }
        ("POST", Some(upload)) => {
            let parts: Vec<_> = contents
                .uploads
                .remove(upload)
                .unwrap()
                .into_values()
                .collect();
            let all_but_last = &parts[..parts.len() - 1];
            if all_but_last.iter().any(|part| part.len() < LEAST_PART) {
                return (400, b"<Error><Code>EntityTooSmall</Code></Error>".to_vec());
            }
            contents.objects.insert(key, parts.concat());
            let xml =
                "<CompleteMultipartUploadResult><ETag>\"e\"</ETag></CompleteMultipartUploadResult>";
            (200, xml.into())
        }
        ("DELETE", Some(upload)) => {
            contents.uploads.remove(upload);
            (204, Vec::new())
        }
        ("DELETE", None) => {
            contents.objects.remove(&key);
            (204, Vec::new())
        }
        ("GET", None) if query.contains_key("list-type") => (200, list(&query, contents)),
        ("GET", None) => match contents.objects.get(&key) {
            Some(object) => (200, object.clone()),
            None => (404, b"<Error><Code>NoSuchKey</Code></Error>".to_vec()),
        },
        other => panic!("the adapter asks for what this does not know: {other:?}"),
    }
}

fn list(query: &BTreeMap<String, String>, contents: &Contents) -> Vec<u8> {
    let prefix = &query["prefix"];
    let after = query.get("continuation-token").cloned().unwrap_or_default();
    let keys: Vec<_> = contents
        .objects
        .iter()
        .filter(|(key, _)| key.starts_with(prefix.as_str()) && **key > after)
        .collect();
    let mut xml = String::from("<ListBucketResult>");
    for (key, object) in keys.iter().take(KEYS_PER_PAGE) {
        let size = object.len();
        write!(
            xml,
            "<Contents><Key>{key}</Key><Size>{size}</Size>\
             <LastModified>2026-11-23T10:00:00.000Z</LastModified><ETag>\"e\"</ETag></Contents>"
        )
        .unwrap();
    }
    if keys.len() > KEYS_PER_PAGE {
        let last = keys[KEYS_PER_PAGE - 1].0;
        write!(xml, "<NextContinuationToken>{last}</NextContinuationToken>").unwrap();
    }
    xml.push_str("</ListBucketResult>");
    xml.into_bytes()
}
