//! SOCKS: versions 4, 4a and 5 (RFC 1928, RFC 1929).

use super::{error::BoxError, host, socket::Stream};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const VERSION_5: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

const VERSION_4: u8 = 4;
const GRANTED_4: u8 = 90;

/// Asks the proxy at the other end of `stream` to connect to `host`, and to resolve names itself if `remote_names`.
pub(super) async fn open_5(
    stream: &mut Box<dyn Stream>,
    host: &str,
    port: u16,
    remote_names: bool,
    credentials: Option<(&str, &str)>,
) -> Result<(), BoxError> {
    let methods: &[u8] =
        if credentials.is_some() { &[NO_AUTHENTICATION, USER_AND_PASSWORD] } else { &[NO_AUTHENTICATION] };
    let mut greeting = vec![VERSION_5, u8::try_from(methods.len())?];
    greeting.extend_from_slice(methods);
    stream.write_all(&greeting).await?;
    let [version, method] = read(stream).await?;
    if version != VERSION_5 {
        return Err("it does not answer in SOCKS 5".into());
    }
    match (method, credentials) {
        (NO_AUTHENTICATION, _) => {}
        (USER_AND_PASSWORD, Some((user, password))) => authenticate(stream, user, password).await?,
        _ => return Err("it wants a user name and a password: put them in its address".into()),
    }
    let mut request = vec![VERSION_5, CONNECT, 0];
    match address(host, port, remote_names).await? {
        Address::Ip(IpAddr::V4(address)) => {
            request.push(IPV4);
            request.extend_from_slice(&address.octets());
        }
        Address::Ip(IpAddr::V6(address)) => {
            request.push(IPV6);
            request.extend_from_slice(&address.octets());
        }
        Address::Name(name) => {
            request.extend_from_slice(&[
                NAME,
                u8::try_from(name.len()).map_err(|_| "the host's name is too long")?,
            ]);
            request.extend_from_slice(name.as_bytes());
        }
    }
    request.extend_from_slice(&port.to_be_bytes());
    stream.write_all(&request).await?;
    let [version, reply, _, kind] = read(stream).await?;
    if version != VERSION_5 {
        return Err("it does not answer in SOCKS 5".into());
    }
    if reply != 0 {
        return Err(format!("it does not connect to {host}:{port}: {}", refusal(reply)).into());
    }
    // The address it connects from, which is not used.
    let length = match kind {
        IPV4 => 4,
        IPV6 => 16,
        NAME => usize::from(read::<1>(stream).await?[0]),
        _ => return Err("it answers with an address of no known kind".into()),
    };
    stream.read_exact(&mut vec![0; length + 2]).await?;
    Ok(())
}

async fn authenticate(stream: &mut Box<dyn Stream>, user: &str, password: &str) -> Result<(), BoxError> {
    let mut request = vec![1];
    for text in [user, password] {
        request.push(u8::try_from(text.len()).map_err(|_| "its user name or password is too long")?);
        request.extend_from_slice(text.as_bytes());
    }
    stream.write_all(&request).await?;
    let [_, status] = read(stream).await?;
    if status == 0 { Ok(()) } else { Err("it refuses the user name and password".into()) }
}

/// As [`open_5`], in version 4, which has no IPv6, or 4a, which resolves names.
pub(super) async fn open_4(
    stream: &mut Box<dyn Stream>,
    host: &str,
    port: u16,
    remote_names: bool,
    user: &str,
) -> Result<(), BoxError> {
    let (address, name) = match address(host, port, remote_names).await? {
        Address::Ip(IpAddr::V4(address)) => (address, None),
        Address::Ip(IpAddr::V6(_)) => {
            return Err(format!("SOCKS 4 has no IPv6 addresses such as {host}: use socks5").into());
        }
        // An address that means that a name follows.
        Address::Name(name) => (Ipv4Addr::new(0, 0, 0, 1), Some(name)),
    };
    let mut request = vec![VERSION_4, CONNECT];
    request.extend_from_slice(&port.to_be_bytes());
    request.extend_from_slice(&address.octets());
    for text in [Some(user), name.as_deref()].into_iter().flatten() {
        request.extend_from_slice(text.as_bytes());
        request.push(0);
    }
    stream.write_all(&request).await?;
    let [_, reply, ..] = read::<8>(stream).await?;
    if reply == GRANTED_4 { Ok(()) } else { Err(format!("it does not connect to {host}:{port}").into()) }
}

async fn read<const N: usize>(stream: &mut Box<dyn Stream>) -> Result<[u8; N], BoxError> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await.map_err(|_| "it closed the connection before it answered")?;
    Ok(bytes)
}

enum Address {
    Ip(IpAddr),
    Name(String),
}

/// The destination for the proxy. An address is recognised with or without brackets.
async fn address(host: &str, port: u16, remote_names: bool) -> Result<Address, BoxError> {
    let bare = host::bare(host);
    if let Ok(address) = bare.parse() {
        return Ok(Address::Ip(address));
    }
    if remote_names {
        return Ok(Address::Name(bare.to_owned()));
    }
    let found: Vec<SocketAddr> = tokio::net::lookup_host((bare, port)).await?.collect();
    // Version 4 supports no others.
    let first = found.iter().find(|address| address.is_ipv4()).or(found.first());
    first
        .map(|address| Address::Ip(address.ip()))
        .ok_or_else(|| format!("there is no address of {bare}").into())
}

/// RFC 1928, section 6.
fn refusal(reply: u8) -> &'static str {
    match reply {
        1 => "general failure",
        2 => "not allowed by its rules",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "TTL expired",
        7 => "command not supported",
        8 => "kind of address not supported",
        _ => "unknown reason",
    }
}
