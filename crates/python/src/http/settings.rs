//! Settings of an HTTP transport, read from Python.

use super::headers;
use crate::policies;
use ferrule_engine::http_client::{HttpProxy, HttpSettings, HttpTimeouts, Identity, Trust};
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
    types::{PyDict, PyTuple},
};
use std::time::Duration;

/// Reads the settings in `given`; missing ones are as in `HttpSettings::default`.
pub(super) fn read(given: Option<&Bound<'_, PyDict>>) -> PyResult<HttpSettings> {
    let mut settings = HttpSettings::default();
    let Some(given) = given else { return Ok(settings) };
    let (mut certificates, mut key) = (None, None);
    for (name, value) in given {
        let name: String = name.extract()?;
        match name.as_str() {
            "verify" => {
                if !value.extract::<bool>()? {
                    settings.trust = Trust::Everybody;
                }
            }
            "ca_certificates" => settings.trust = Trust::Only(value.extract()?),
            "check_hostname" => settings.checks_names = value.extract()?,
            "certificate" => certificates = Some(value.extract()?),
            "private_key" => key = Some(value.extract()?),
            "http1" => settings.http1 = value.extract()?,
            "http2" => settings.http2 = value.extract()?,
            "proxy" => settings.proxy = proxy(&value)?,
            "proxy_from_environment" => {
                settings.proxy = if value.extract()? { HttpProxy::Environment } else { HttpProxy::None };
            }
            "max_connections" => settings.max_connections = value.extract()?,
            "max_keepalive_connections" => settings.max_idle = value.extract()?,
            "keepalive_expiry" => settings.idle = seconds(&value, "keepalive_expiry")?,
            "local_address" => {
                let address: String = value.extract()?;
                let address = address
                    .parse()
                    .map_err(|_| PyValueError::new_err("local_address is not an IP address"))?;
                settings.local_address = Some(address);
            }
            "uds" if cfg!(unix) => settings.unix_socket = Some(value.extract()?),
            "uds" => return Err(PyValueError::new_err("uds: there are no Unix sockets here")),
            "connect_retries" => settings.connect_retries = value.extract()?,
            "breaker" => settings.breaker = Some(policies::breaker(&value)?),
            _ => {
                return Err(PyTypeError::new_err(format!("HttpTransport has no setting {name:?}")));
            }
        }
    }
    if let Some(certificates) = certificates {
        let key = key.unwrap_or_else(|| Vec::clone(&certificates));
        settings.identity = Some(Identity { certificates, key });
    }
    if !(settings.http1 || settings.http2) {
        return Err(PyValueError::new_err("at least one of http1 and http2 has to be True"));
    }
    if settings.max_connections == Some(0) {
        return Err(PyValueError::new_err("max_connections has to be at least 1, or None"));
    }
    Ok(settings)
}

/// A proxy: its address, user name and password (or `None`), and headers.
fn proxy(value: &Bound<'_, PyAny>) -> PyResult<HttpProxy> {
    let (address, credentials, extra): (String, Option<(String, String)>, Bound<'_, PyAny>) =
        value.extract()?;
    let headers = headers::read(&extra, None)?.into_headers();
    Ok(HttpProxy::Given { address, credentials, headers })
}

/// Limits as `(connect, read, write, pool)` in seconds; `None` for no limit.
pub(super) fn timeouts(given: Option<&Bound<'_, PyTuple>>) -> PyResult<HttpTimeouts> {
    let Some(given) = given else { return Ok(HttpTimeouts::default()) };
    let (connect, read, write, pool): (
        Bound<'_, PyAny>,
        Bound<'_, PyAny>,
        Bound<'_, PyAny>,
        Bound<'_, PyAny>,
    ) = given.extract()?;
    Ok(HttpTimeouts {
        connect: seconds(&connect, "the connect timeout")?,
        read: seconds(&read, "the read timeout")?,
        write: seconds(&write, "the write timeout")?,
        pool: seconds(&pool, "the pool timeout")?,
    })
}

fn seconds(value: &Bound<'_, PyAny>, what: &str) -> PyResult<Option<Duration>> {
    let Some(seconds) = value.extract::<Option<f64>>()? else { return Ok(None) };
    if seconds.is_nan() || seconds < 0.0 {
        return Err(PyValueError::new_err(format!("{what} has to be at least 0 seconds, or None")));
    }
    // A time that is too long for the clock means no limit.
    Ok(Duration::try_from_secs_f64(seconds).ok())
}
