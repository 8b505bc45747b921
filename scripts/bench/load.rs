//! Asks a server the same thing over and over, for scripts that measure how often it answers.
//!
//! ```text
//! bench-load ADDRESS CONNECTIONS SECONDS < REQUEST
//! ```
//!
//! The request is HTTP/1.1 as it goes over the wire. Prints the answers per second of all connections
//! together, and the median and the 99th percentile of a request's time in milliseconds:
//! `12345.6 0.81 2.10`. Any answer but 200 ends it with an error.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// How long connections warm up before anything counts.
const WARM_UP: Duration = Duration::from_millis(500);

type Failed = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, connections, seconds] = arguments.as_slice() else {
        return Err("bench-load ADDRESS CONNECTIONS SECONDS < REQUEST".into());
    };
    let connections: usize = connections.parse()?;
    let measured = Duration::from_secs(seconds.parse()?);
    let mut request = Vec::new();
    std::io::stdin().read_to_end(&mut request)?;

    let begin = Instant::now() + WARM_UP;
    let threads: Vec<_> = (0..connections)
        .map(|_| {
            let (address, request) = (address.clone(), request.clone());
            std::thread::spawn(move || ask(&address, &request, begin, measured))
        })
        .collect();
    let mut taken = Vec::new();
    for thread in threads {
        taken.extend(thread.join().map_err(|_| "a connection broke down")??);
    }
    taken.sort_unstable();
    let at = |share: usize| taken.get(taken.len() * share / 100).copied();
    let milliseconds = |taken: Option<Duration>| taken.unwrap_or_default().as_secs_f64() * 1e3;
    println!(
        "{:.1} {:.3} {:.3}",
        f64::from(u32::try_from(taken.len())?) / measured.as_secs_f64(),
        milliseconds(at(50)),
        milliseconds(at(99)),
    );
    Ok(())
}

/// How long each answer took that came while it counted.
fn ask(
    address: &str,
    request: &[u8],
    begin: Instant,
    measured: Duration,
) -> Result<Vec<Duration>, Failed> {
    let mut connection = TcpStream::connect(address)?;
    connection.set_nodelay(true)?;
    connection.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut taken = Vec::new();
    let mut buffer = Vec::new();
    loop {
        let asked = Instant::now();
        if asked >= begin + measured {
            return Ok(taken);
        }
        connection.write_all(request)?;
        answer(&mut connection, &mut buffer)?;
        if asked >= begin {
            taken.push(asked.elapsed());
        }
    }
}

/// Reads one answer, which must be 200 and say how long it is.
fn answer(connection: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<(), Failed> {
    buffer.clear();
    let mut piece = [0; 16 * 1024];
    loop {
        if let Some(whole) = length(buffer)?
            && buffer.len() >= whole
        {
            return Ok(());
        }
        match connection.read(&mut piece)? {
            0 => return Err("the server closed the connection".into()),
            read => buffer.extend_from_slice(&piece[..read]),
        }
    }
}

/// How long the answer is with its head; `None` until the head is there.
fn length(answer: &[u8]) -> Result<Option<usize>, Failed> {
    let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&answer[..end])?;
    if !head.starts_with("HTTP/1.1 200 ") {
        return Err(head.lines().next().unwrap_or_default().into());
    }
    let body = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .ok_or("an answer without Content-Length")?;
    Ok(Some(end + 4 + body.1.trim().parse::<usize>()?))
}
