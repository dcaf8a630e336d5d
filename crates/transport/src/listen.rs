//! Listen: connections, bounded: how many at once, how many from one address, how long they may be silent.
//!
//! Lives here: the loop that accepts, [`Bounds`], [`Transport`], whose address and whose key a request has. Not here: bodies, which have bounds of
//! their own where they are read (`authority::http`, `gate::server`).

use std::collections::HashMap;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use credential::PublicKey;

use crate::identity::public_key;
use crate::tls::Known;

/// How long a process that is to end waits for what was begun.
const GRACE: Duration = Duration::from_secs(10);
/// Most header fields of one request, and most bytes of them.
const MAX_HEADERS: usize = 64;
const MAX_HEADER_LEN: usize = 32 * 1024;
/// The most files that a process opens at once, where the system lets it.
const FILES: u64 = 65_536;

/// How bytes go over a connection.
#[derive(Clone)]
pub enum Transport {
    /// In plain: on this machine's loopback alone.
    Plain,
    /// Over TLS; who connects shows no certificate.
    Tls(Arc<ServerConfig>),
    /// Over TLS between parties. Each request bears its [`trust::Peer`]; one over a connection whose key counts no more is
    /// refused.
    Parties(Arc<ServerConfig>, Known),
}

/// What a listener bears.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Connections at once.
    pub total: usize,
    /// Of these from one address.
    pub each: usize,
    /// How long a client may take for a handshake, for the head of a request, and how long a connection may rest between two.
    pub silence: Duration,
    /// Proxies whose word counts for a client's address (`X-Forwarded-For`).
    pub proxies: Vec<IpAddr>,
}

impl Bounds {
    /// The bounds of a service, by the number of files that this process may open.
    pub fn of_process(proxies: Vec<IpAddr>) -> Self {
        let files = usize::try_from(raise_file_limit()).unwrap_or(1024);
        let total = (files / 2).clamp(64, 8192);
        Self { total, each: (total / 4).clamp(32, 512), silence: Duration::from_secs(20), proxies }
    }
}

/// Raises the soft limit of open files as far as the hard one allows; gives what holds now.
fn raise_file_limit() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let now = getrlimit(Resource::Nofile);
    let wanted = now.maximum.unwrap_or(FILES).min(FILES);
    let current = now.current.unwrap_or(FILES);
    if current >= wanted {
        return current;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: now.maximum }) {
        Ok(()) => wanted,
        Err(_) => current,
    }
}

/// The connections of each address that are open.
#[derive(Debug, Clone, Default)]
struct Clients(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One connection, as long as it is open.
struct Counted {
    clients: Clients,
    address: IpAddr,
    _place: OwnedSemaphorePermit,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.clients.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

impl Clients {
    /// Counts a connection, unless its address has as many as it may.
    fn count(&self, address: IpAddr, each: Option<usize>, place: OwnedSemaphorePermit) -> Option<Counted> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if each.is_some_and(|each| *count >= each) {
            return None;
        }
        *count += 1;
        Some(Counted { clients: self.clone(), address, _place: place })
    }
}

/// Serves HTTP/1.1 until `until` resolves, and finishes what was begun. A connection beyond the bounds is closed at once.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    bounds: Bounds,
    transport: Transport,
    until: impl Future<Output = ()> + Send,
) {
    let (places, clients) = (Arc::new(Semaphore::new(bounds.total)), Clients::default());
    let (bounds, graceful) = (Arc::new(bounds), GracefulShutdown::new());
    tokio::pin!(until);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut until => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::error!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tracing::warn!("a connection was closed: as many are open as may be");
            continue;
        };
        // A proxy stands for many clients, each of whom it bounds itself.
        let each = (!bounds.proxies.contains(&peer.ip())).then_some(bounds.each);
        let Some(counted) = clients.count(peer.ip(), each, place) else {
            tracing::warn!("a connection was closed: its address has as many as it may");
            continue;
        };
        let (app, bounds) = (app.clone(), Arc::clone(&bounds));
        let (transport, watcher) = (transport.clone(), graceful.watcher());
        tokio::spawn(async move {
            open(stream, peer, app, bounds, transport, watcher).await;
            drop(counted);
        });
    }
    let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
}

async fn open(
    stream: TcpStream,
    peer: SocketAddr,
    app: Router,
    bounds: Arc<Bounds>,
    transport: Transport,
    watcher: Watcher,
) {
    // Small answers go out at once.
    let _ = stream.set_nodelay(true);
    let (config, known) = match transport {
        Transport::Plain => return converse(stream, peer, app, bounds, None, watcher).await,
        Transport::Tls(config) => (config, None),
        Transport::Parties(config, known) => (config, Some(known)),
    };
    let handshake = TlsAcceptor::from(config).accept(stream);
    // Who is silent or speaks no TLS 1.3 went away, or is no client of ours; a refused key was logged by its check.
    let Ok(Ok(stream)) = tokio::time::timeout(bounds.silence, handshake).await else { return };
    let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let party = match (known, certificates.first().and_then(public_key)) {
        (Some(known), Some(key)) => Some(OtherEnd { known, key }),
        // No handshake among parties ends without one.
        (Some(_), None) => return,
        (None, _) => None,
    };
    converse(stream, peer, app, bounds, party, watcher).await;
}

/// The key at the other end of a connection among parties.
#[derive(Clone)]
struct OtherEnd {
    known: Known,
    key: PublicKey,
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    app: Router,
    bounds: Arc<Bounds>,
    party: Option<OtherEnd>,
    watcher: Watcher,
) {
    let silence = bounds.silence;
    let service = service_fn(move |request: Request<Incoming>| {
        let (app, bounds, party) = (app.clone(), Arc::clone(&bounds), party.clone());
        async move { Ok::<_, std::convert::Infallible>(answer(app, &bounds, peer, party, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(silence)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEADER_LEN)
        .serve_connection(TokioIo::new(stream), service);
    // A client that went away is nobody's fault.
    let _ = watcher.watch(connection).await;
}

async fn answer(
    app: Router,
    bounds: &Bounds,
    peer: SocketAddr,
    party: Option<OtherEnd>,
    request: Request<Incoming>,
) -> Response {
    // RFC 9112, 3.2: a server must answer 400 where the Host is missing or stands twice.
    let hosts = request.headers().get_all(header::HOST).iter().count();
    if hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11) {
        return (StatusCode::BAD_REQUEST, "one Host header is needed").into_response();
    }
    let client = client(peer, request.headers(), &bounds.proxies);
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(SocketAddr::new(client, peer.port())));
    let mut ends = false;
    if let Some(OtherEnd { known, key }) = party {
        // A key that was listed as compromised since the handshake says nothing any more.
        match known(&key) {
            Ok(party) => {
                ends = party.replaced;
                request.extensions_mut().insert(party);
            }
            Err(why) => {
                tracing::warn!(%why, "a request was refused: its connection's key counts no more");
                let close = [(header::CONNECTION, "close")];
                return (StatusCode::FORBIDDEN, close, "this key counts no more").into_response();
            }
        };
    }
    let mut response = match app.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    if ends {
        // The next request comes over a connection with the newer key: nothing is cut when this one is named no more.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The address of the client: that of the connection, or, behind a proxy whose word counts, the last one in
/// `X-Forwarded-For` that is no such proxy.
fn client(peer: SocketAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> IpAddr {
    if !proxies.contains(&peer.ip()) {
        return peer.ip();
    }
    let said = headers.get_all("x-forwarded-for");
    let said: Vec<&str> = said.iter().filter_map(|value| value.to_str().ok()).collect();
    let said = said.join(",");
    let mut hops = said.split(',').rev().map(|hop| hop.trim().parse::<IpAddr>());
    let first = hops.find(|hop| hop.as_ref().map_or(true, |hop| !proxies.contains(hop)));
    first.and_then(Result::ok).unwrap_or_else(|| peer.ip())
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::oneshot;

    use super::*;

    async fn start(bounds: Bounds) -> (SocketAddr, oneshot::Sender<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (end, ended) = oneshot::channel();
        let whose = |ConnectInfo(client): ConnectInfo<SocketAddr>| async move { client.ip().to_string() };
        let app = Router::new().route("/", get(whose));
        tokio::spawn(serve(listener, app, bounds, Transport::Plain, async move {
            let _ = ended.await;
        }));
        (address, end)
    }

    fn bounds() -> Bounds {
        Bounds { total: 8, each: 8, silence: Duration::from_secs(30), proxies: Vec::new() }
    }

    async fn ask(to: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(to).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    const GET: &str = "GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n";

    #[tokio::test]
    async fn connections_that_say_nothing_are_closed_and_keep_nobody_out() {
        let short = Bounds { silence: Duration::from_millis(200), ..bounds() };
        let (address, _end) = start(short).await;
        let mut idle = Vec::new();
        for nth in 0..8 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            // Every second one begins a head that it never ends.
            if nth % 2 == 0 {
                stream.write_all(b"GET / HTTP/1.1\r\nHost: here\r\nX-Slow:").await.unwrap();
            }
            idle.push(stream);
        }
        for stream in &mut idle {
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
            assert!(!rest.starts_with(b"HTTP/1.1 200"), "closed by the server, not answered");
        }
        assert!(ask(address, GET).await.ends_with("127.0.0.1"));
        // A connection that rests between two requests ends too.
        let mut resting = TcpStream::connect(address).await.unwrap();
        resting.write_all(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        resting.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("127.0.0.1"));
    }

    #[tokio::test]
    async fn one_address_has_so_many_connections_and_all_together_have_more() {
        let (address, _end) = start(Bounds { each: 2, ..bounds() }).await;
        let held = [TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap()];
        // Both are counted once they are answered.
        let mut third = TcpStream::connect(address).await.unwrap();
        let mut byte = [0; 1];
        assert_eq!(third.read(&mut byte).await.unwrap_or(0), 0, "the third is closed");
        drop(held);
        let mut answered = String::new();
        for _ in 0..100 {
            let mut again = TcpStream::connect(address).await.unwrap();
            let _ = again.write_all(GET.as_bytes()).await;
            answered.clear();
            if again.read_to_string(&mut answered).await.is_ok() && !answered.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(answered.starts_with("HTTP/1.1 200"), "places that were left are free again");
    }

    #[tokio::test]
    async fn a_request_has_one_host() {
        let (address, _end) = start(bounds()).await;
        for (head, status) in [
            ("GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n", "400"),
            (GET, "200"),
        ] {
            let answer = ask(address, head).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{head:?}: {answer}");
        }
    }

    #[test]
    fn a_clients_address_is_taken_from_a_proxy_whose_word_counts_alone() {
        let peer = |text: &str| SocketAddr::new(text.parse().unwrap(), 1);
        let proxies: Vec<IpAddr> = ["192.0.2.1", "192.0.2.2"].map(|p| p.parse().unwrap()).to_vec();
        let headers = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("x-forwarded-for", value.parse().unwrap());
            }
            headers
        };
        for (from, said, expected) in [
            ("198.51.100.7", vec!["203.0.113.9"], "198.51.100.7"),
            ("192.0.2.1", vec!["203.0.113.9"], "203.0.113.9"),
            ("192.0.2.1", vec!["1.2.3.4, 203.0.113.9"], "203.0.113.9"),
            ("192.0.2.1", vec!["1.2.3.4", "203.0.113.9, 192.0.2.2"], "203.0.113.9"),
            ("192.0.2.1", vec!["nonsense"], "192.0.2.1"),
            ("192.0.2.1", vec![], "192.0.2.1"),
        ] {
            let found = client(peer(from), &headers(&said), &proxies);
            assert_eq!(found.to_string(), expected, "{from} {said:?}");
        }
    }
}
