//! Amazon's request signatures, and every source of its credentials, simulated by local servers.

use crate::support::{
    CANARY, bounded, call, drain, engine,
    folder::Folder,
    server::{Server, Step, answer, end, stream},
    settings,
};
use ferrule_engine::{Authentication, AwsSettings, Call, Environment, Failure, ProviderSettings, Secret};
use ferrule_wire::model::Request;
use std::{collections::BTreeMap, net::SocketAddr};

const REGION: &str = "eu-west-1";
const LATER: &str = "2099-01-01T00:00:00Z";

fn aws(server: SocketAddr, aws: AwsSettings, environment: Environment) -> ProviderSettings {
    ProviderSettings {
        api_key: None,
        authentication: Authentication::Aws(aws),
        environment,
        ..settings(server)
    }
}

fn once() -> Call<Request> {
    let mut call = call();
    call.options.max_retries = Some(0);
    call
}

/// `Credential` and `SignedHeaders` of a signature.
fn signed(authorization: &str) -> (&str, &str) {
    let rest = authorization.strip_prefix("AWS4-HMAC-SHA256 Credential=").unwrap();
    let (credential, rest) = rest.split_once(", SignedHeaders=").unwrap();
    let (headers, signature) = rest.split_once(", Signature=").unwrap();
    assert!(signature.len() == 64 && signature.bytes().all(|byte| byte.is_ascii_hexdigit()), "{signature}");
    (credential, headers)
}

fn keys() -> AwsSettings {
    AwsSettings {
        region: Some(REGION.into()),
        access_key_id: Some("AKGIVEN".into()),
        secret_access_key: Some(Secret::from(CANARY)),
        session_token: Some(Secret::from(format!("session-{CANARY}"))),
        ..AwsSettings::default()
    }
}

/// An environment in which the metadata services are at `metadata` and everything else of Amazon's is at `other`.
fn environment(variables: &[(&str, &str)], metadata: SocketAddr, other: SocketAddr) -> Environment {
    let mut environment = Environment::from_variables(variables.iter().copied());
    let metadata = format!("http://{metadata}");
    for origin in ["http://169.254.169.254", "http://169.254.170.2"] {
        environment.endpoints.push((origin.into(), metadata.clone()));
    }
    for origin in ["https://sts.eu-west-1.amazonaws.com", "https://portal.sso.us-east-2.amazonaws.com"] {
        environment.endpoints.push((origin.into(), format!("http://{other}")));
    }
    environment
}

#[tokio::test]
async fn every_attempt_is_signed() {
    let mut steps = stream(&["start\n", "done\n"]);
    steps.push(end());
    let server = Server::start(vec![
        answer(500, "retry-after-ms: 1\r\n", "busy"),
        answer(200, "", "hi"),
        steps,
        answer(200, "", r#"{"data":[]}"#),
    ])
    .await;
    let engine = engine(aws(server.address, keys(), Environment::from_variables::<&str, &str>([])));
    bounded(engine.complete(call())).await.unwrap();
    let mut opened = bounded(engine.stream(call())).await.unwrap();
    assert!(bounded(drain(&mut opened)).await.1.is_none());
    bounded(engine.models("test", Default::default())).await.unwrap();
    let requests = server.requests();
    assert_eq!(requests.len(), 4);
    for request in &requests {
        let date = request.header("x-amz-date").unwrap();
        let (credential, headers) = signed(request.header("authorization").unwrap());
        assert_eq!(
            credential,
            format!("AKGIVEN/{}/{REGION}/bedrock/aws4_request", date.split_once('T').unwrap().0)
        );
        let posted = request.line.starts_with("POST");
        let content = if posted { "content-type;" } else { "" };
        assert_eq!(headers, format!("{content}host;x-amz-date;x-amz-security-token"));
        assert_eq!(request.header("x-amz-security-token"), Some(&*format!("session-{CANARY}")));
        assert!(!request.headers.iter().any(|(_, value)| value == CANARY), "the secret key is not sent");
    }
}

#[tokio::test]
async fn the_bearer_key_is_preferred_unless_settings_choose_otherwise() {
    let server = Server::start(vec![answer(200, "", "hi")]).await;
    let bearer = Environment::from_variables([("AWS_BEARER_TOKEN_BEDROCK", CANARY), ("AWS_REGION", REGION)]);
    let sent = async |aws_: AwsSettings| {
        let engine = engine(aws(server.address, aws_, bearer.clone()));
        bounded(engine.complete(call())).await.unwrap();
        server.requests().last().unwrap().header("authorization").unwrap().to_owned()
    };
    assert_eq!(sent(AwsSettings::default()).await, format!("Bearer {CANARY}"));
    assert!(sent(keys()).await.starts_with("AWS4-HMAC-SHA256 "));
}

#[tokio::test]
async fn the_region_is_looked_up_in_order() {
    let folder = Folder::new();
    let config =
        folder.write("config", "[default]\nregion = eu-north-1\n[profile other]\nregion=sa-east-1\n");
    let mut variables = BTreeMap::from([("AWS_CONFIG_FILE".to_owned(), config)]);
    let mut settings = AwsSettings::default();
    let found = async |settings: &AwsSettings, variables: &BTreeMap<String, String>| {
        settings.find_region(&Environment { variables: Some(variables.clone()), endpoints: vec![] }).await
    };
    assert_eq!(found(&settings, &variables).await.as_deref(), Some("eu-north-1"));
    variables.insert("AWS_PROFILE".into(), "other".into());
    assert_eq!(found(&settings, &variables).await.as_deref(), Some("sa-east-1"));
    variables.insert("AWS_DEFAULT_REGION".into(), "b".into());
    assert_eq!(found(&settings, &variables).await.as_deref(), Some("b"));
    variables.insert("AWS_REGION".into(), "a".into());
    assert_eq!(found(&settings, &variables).await.as_deref(), Some("a"));
    settings.region = Some("given".into());
    assert_eq!(found(&settings, &variables).await.as_deref(), Some("given"));
    assert_eq!(found(&AwsSettings::default(), &BTreeMap::new()).await, None);
}

#[tokio::test]
async fn clock_skew_is_corrected_once() {
    let date = "date: Wed, 15 Jan 2025 12:00:00 GMT\r\n";
    let refused = answer(403, date, "InvalidSignatureException: Signature expired");
    let server = Server::start(vec![
        refused.clone(),
        answer(200, "", "hi"),
        answer(200, "", "hi"),
        refused.clone(),
        refused,
    ])
    .await;
    let engine = engine(aws(server.address, keys(), Environment::from_variables::<&str, &str>([])));
    let reply = bounded(engine.complete(once())).await.unwrap();
    assert_eq!(reply.attempts.len(), 2, "putting the clock right is no retry");
    // The learned clock skew is kept.
    assert_eq!(bounded(engine.complete(once())).await.unwrap().attempts.len(), 1);
    let dates: Vec<String> =
        server.requests().iter().map(|request| request.header("x-amz-date").unwrap().to_owned()).collect();
    assert!(!dates[0].starts_with("2025"), "{dates:?}");
    assert!(dates[1].starts_with("20250115T1200") && dates[2].starts_with("20250115T1200"), "{dates:?}");
    // The clocks agree now, so the key must be wrong.
    let error = bounded(engine.complete(once())).await.unwrap_err();
    assert_eq!(error.attempts.len(), 1, "{error}");
}

#[tokio::test]
async fn credentials_that_expired_early_are_fetched_again() {
    let refused =
        answer(403, "", "ExpiredTokenException: The security token included in the request is expired");
    let server =
        Server::start(vec![answer(200, "", "hi"), refused.clone(), answer(200, "", "hi"), refused]).await;
    let container = Server::start(vec![container_answer("AKONE"), container_answer("AKTWO")]).await;
    let variables = [("AWS_REGION", REGION), ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/role")];
    let environment = environment(&variables, container.address, container.address);
    let engine = engine(aws(server.address, AwsSettings::default(), environment));
    bounded(engine.complete(once())).await.unwrap();
    assert_eq!(bounded(engine.complete(once())).await.unwrap().attempts.len(), 2);
    let used: Vec<String> =
        server.requests().iter().map(|request| used(request.header("authorization"))).collect();
    assert_eq!(used, ["AKONE", "AKONE", "AKTWO"]);
    assert_eq!(container.requests().len(), 2);
}

fn used(authorization: Option<&str>) -> String {
    signed(authorization.unwrap()).0.split('/').next().unwrap().to_owned()
}

fn container_answer(id: &str) -> Vec<Step> {
    let body = format!(
        r#"{{"AccessKeyId":"{id}","SecretAccessKey":"{CANARY}","Token":"t","Expiration":"{LATER}"}}"#
    );
    answer(200, "", &body)
}

fn role_answer(action: &str, id: &str) -> Vec<Step> {
    let body = format!(
        "<{action}Response><{action}Result><Credentials><AccessKeyId>{id}</AccessKeyId><SecretAccessKey>{CANARY}\
         </SecretAccessKey><SessionToken>t</SessionToken><Expiration>{LATER}</Expiration></Credentials>\
         </{action}Result></{action}Response>"
    );
    answer(200, "", &body)
}

/// Calls with the credentials that `variables` lead to: the id of the signing key, or the error.
async fn id_found(aws_: AwsSettings, environment: Environment) -> Result<String, String> {
    let server = Server::start(vec![answer(200, "", "hi")]).await;
    let engine = engine(aws(server.address, aws_, environment));
    match bounded(engine.complete(once())).await {
        Ok(_) => Ok(used(server.requests()[0].header("authorization"))),
        Err(error) => {
            let all = format!("{error} {error:?}");
            assert!(!all.contains(CANARY), "{all}");
            Err(error.failure.to_string())
        }
    }
}

const FILES: &str = r"
[profile keys]
aws_access_key_id = AKCONFIG
aws_secret_access_key = sk-canary-5f3a9c
[profile role]
role_arn = arn:aws:iam::123456789012:role/r
source_profile = keys
external_id = outside
[profile role-of-role]
role_arn = arn:aws:iam::123456789012:role/s
source_profile = role
[profile circle]
role_arn = arn:aws:iam::123456789012:role/c
source_profile = circle-two
[profile circle-two]
role_arn = arn:aws:iam::123456789012:role/d
source_profile = circle
[profile nowhere]
role_arn = arn:aws:iam::123456789012:role/n
[profile in-container]
role_arn = arn:aws:iam::123456789012:role/e
credential_source = EcsContainer
[profile session]
sso_session = s
sso_account_id = 123456789012
sso_role_name = reader
[sso-session s]
sso_region = us-east-2
sso_start_url = https://start.example
[profile elsewhere]
sso_start_url = https://start.example
sso_region = evil.com/#
sso_account_id = 123456789012
sso_role_name = reader
[profile half]
aws_access_key_id = AKHALF
[profile empty]
region = eu-west-1
";

#[tokio::test]
async fn sources_are_tried_in_order() {
    let folder = Folder::new();
    let config = folder.write("config", FILES);
    let credentials = folder.write(
        "credentials",
        &format!("[default]\naws_access_key_id=AKSHARED\naws_secret_access_key={CANARY}\n"),
    );
    let token = folder.write("token", "web-token\n");
    let expired = format!(r#"{{"accessToken":"{CANARY}","expiresAt":"2020-01-01T00:00:00Z"}}"#);
    // Named after SHA-1 of the session's name.
    let cache = ".aws/sso/cache/a0f1490a20d0211c997b44bc357e1972deab8ae3.json";
    folder.write(cache, &expired);

    let sts = Server::start(vec![
        role_answer("AssumeRole", "AKROLE0000000000"),
        role_answer("AssumeRole", "AKROLE0000000000"),
        role_answer("AssumeRole", "AKROLEROLE000000"),
        role_answer("AssumeRoleWithWebIdentity", "AKWEB00000000000"),
        answer(
            200,
            "",
            &format!(
                r#"{{"roleCredentials":{{"accessKeyId":"AKSSO","secretAccessKey":"{CANARY}","sessionToken":"t","expiration":4070908800000}}}}"#
            ),
        ),
    ])
    .await;
    let metadata = Server::start(vec![
        container_answer("AKCONTAINER"),
        answer(200, "", "metadata-token"),
        answer(200, "", "the-role"),
        answer(
            200,
            "",
            &format!(
                r#"{{"Code":"Success","AccessKeyId":"AKMACHINE","SecretAccessKey":"{CANARY}","Token":"t","Expiration":"{LATER}"}}"#
            ),
        ),
    ])
    .await;
    let found = async |extra: &[(&str, &str)]| {
        let shared = [
            ("HOME", folder.path()),
            ("AWS_REGION", REGION),
            ("AWS_CONFIG_FILE", config.as_str()),
            ("AWS_SHARED_CREDENTIALS_FILE", credentials.as_str()),
        ];
        let variables = [&shared[..], extra].concat();
        id_found(AwsSettings::default(), environment(&variables, metadata.address, sts.address)).await
    };
    let env = [("AWS_ACCESS_KEY_ID", "AKENV"), ("AWS_SECRET_ACCESS_KEY", CANARY)];
    let web = [("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()), ("AWS_ROLE_ARN", "arn:aws:iam::1:role/w")];

    assert_eq!(found(&[&env[..], &web].concat()).await.unwrap(), "AKENV");
    assert_eq!(found(&[&web[..], &[("AWS_PROFILE", "role")]].concat()).await.unwrap(), "AKROLE0000000000");
    assert_eq!(found(&[("AWS_PROFILE", "role-of-role")]).await.unwrap(), "AKROLEROLE000000");
    assert_eq!(found(&web).await.unwrap(), "AKWEB00000000000");

    let error = found(&[("AWS_PROFILE", "session")]).await.unwrap_err();
    assert!(error.contains("run `aws sso login --profile session`"), "{error}");
    folder.write(cache, &expired.replace("2020-", "2099-"));
    assert_eq!(found(&[("AWS_PROFILE", "session")]).await.unwrap(), "AKSSO");
    let error = found(&[("AWS_PROFILE", "elsewhere")]).await.unwrap_err();
    assert!(error.contains("sso_region `evil.com/#` is not a region"), "{error}");

    assert_eq!(found(&[]).await.unwrap(), "AKSHARED");
    assert_eq!(found(&[("AWS_PROFILE", "keys")]).await.unwrap(), "AKCONFIG");
    let empty = ("AWS_PROFILE", "empty");
    let relative = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/role");
    assert_eq!(found(&[empty, relative]).await.unwrap(), "AKCONTAINER");
    assert_eq!(found(&[empty]).await.unwrap(), "AKMACHINE");

    let error = found(&[empty, ("AWS_EC2_METADATA_DISABLED", "true")]).await.unwrap_err();
    assert!(error.contains("no credentials for provider `test`: none in AWS_ACCESS_KEY_ID"), "{error}");
    for (profile, words) in [
        ("absent", "there is no profile `absent`"),
        ("half", "without its secret"),
        ("circle", "leads in a circle"),
        ("nowhere", "needs a source_profile or a credential_source"),
        ("in-container", "needs a source_profile or a credential_source"),
    ] {
        let error = found(&[("AWS_PROFILE", profile)]).await.unwrap_err();
        assert!(error.contains(words), "{error}");
    }
    let clear = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.com/role");
    assert!(
        found(&[empty, clear]).await.unwrap_err().contains("neither https nor an address of this machine")
    );
    let error = found(&[("AWS_ACCESS_KEY_ID", "AKENV")]).await.unwrap_err();
    assert!(error.contains("AWS_SECRET_ACCESS_KEY is not"), "{error}");

    let asked = sts.requests();
    assert!(
        asked[0].body.contains("ExternalId=outside") || asked[0].line.contains("ExternalId=outside"),
        "{:?}",
        asked[0]
    );
    assert_eq!(used(asked[0].header("authorization")), "AKCONFIG");
    assert_eq!(
        used(asked[2].header("authorization")),
        "AKROLE0000000000",
        "a role is taken with the role before it"
    );
    assert!(asked[3].body.contains("WebIdentityToken=web-token"), "{:?}", asked[3]);
    assert_eq!(asked[4].header("x-amz-sso_bearer_token"), Some(CANARY));
    assert_eq!(
        asked[4].line,
        "GET /federation/credentials?role_name=reader&account_id=123456789012 HTTP/1.1"
    );
    let asked = metadata.requests();
    assert_eq!(asked[1].line, "PUT /latest/api/token HTTP/1.1");
    assert_eq!(asked[2].header("x-aws-ec2-metadata-token"), Some("metadata-token"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_credential_process_is_run() {
    let folder = Folder::new();
    let printed = format!(r#"{{"Version":1,"AccessKeyId":"AKPROGRAM","SecretAccessKey":"{CANARY}"}}"#);
    let printed = folder.write("a file", &printed);
    let config = format!(
        "[profile good]\ncredential_process = /bin/cat \"{printed}\"\n[profile bad]\ncredential_process = /bin/cat \
         /nonexistent/x\n[profile odd]\ncredential_process = /bin/echo {CANARY}\n[profile none]\ncredential_process = \
         /nonexistent/program\n"
    );
    let config = folder.write("config", &config);
    let found = async |profile: &str| {
        let variables = [("AWS_REGION", REGION), ("AWS_CONFIG_FILE", &config), ("HOME", folder.path())];
        let named = AwsSettings { profile: Some(profile.into()), ..AwsSettings::default() };
        id_found(named, Environment::from_variables(variables)).await
    };
    assert_eq!(found("good").await.unwrap(), "AKPROGRAM");
    assert!(found("bad").await.unwrap_err().contains("`/bin/cat` ended with status 1"));
    assert!(found("odd").await.unwrap_err().contains("does not print credentials"));
    assert!(found("none").await.unwrap_err().contains("cannot be started"));
}

#[tokio::test]
async fn refusals_of_credentials_say_why_without_secrets() {
    let denied =
        "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>";
    let sts = Server::start(vec![answer(403, "", denied)]).await;
    let folder = Folder::new();
    let config = folder.write("config", FILES);
    let variables = [
        ("AWS_REGION", REGION),
        ("AWS_CONFIG_FILE", &config),
        ("AWS_PROFILE", "role"),
        ("HOME", folder.path()),
    ];
    let environment = environment(&variables, sts.address, sts.address);
    let server = Server::start(vec![answer(200, "", "hi")]).await;
    let engine = engine(aws(server.address, AwsSettings::default(), environment));
    let error = bounded(engine.complete(once())).await.unwrap_err();
    assert!(matches!(&error.failure, Failure::Provider(error) if !error.retryable), "{error:?}");
    assert!(
        error.to_string().contains("the role arn:aws:iam::123456789012:role/r: AccessDenied: not you"),
        "{error}"
    );
    assert!(server.requests().is_empty());

    let nowhere =
        Environment::from_variables([("AWS_ACCESS_KEY_ID", "A"), ("AWS_SECRET_ACCESS_KEY", CANARY)]);
    let error = id_found(AwsSettings::default(), nowhere).await.unwrap_err();
    assert!(error.contains("no region: give one, or set AWS_REGION"), "{error}");
}

/// A refusal says where the refused credentials come from, as for a key.
#[tokio::test]
async fn refused_credentials_say_where_they_were_found() {
    let folder = Folder::new();
    let config = folder.write("config", FILES);
    let shared = folder.write(
        "credentials",
        &format!("[default]\naws_access_key_id=AKSHARED\naws_secret_access_key={CANARY}\n"),
    );
    let token = folder.write("token", "web-token\n");
    let sts = Server::start(vec![
        role_answer("AssumeRole", "AKROLE0000000000"),
        role_answer("AssumeRoleWithWebIdentity", "AKWEB00000000000"),
    ])
    .await;
    let metadata = Server::start(vec![container_answer("AKCONTAINER")]).await;
    let empty = ("AWS_PROFILE", "empty");
    type Variables<'a> = &'a [(&'a str, &'a str)];
    let cases: [(AwsSettings, Variables<'_>, &str); 6] = [
        (
            AwsSettings::default(),
            &[("AWS_ACCESS_KEY_ID", "AKENV"), ("AWS_SECRET_ACCESS_KEY", CANARY)],
            "the environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        ),
        (AwsSettings::default(), &[("AWS_PROFILE", "role")], "the role of profile `role`"),
        (
            AwsSettings::default(),
            &[("AWS_WEB_IDENTITY_TOKEN_FILE", &token), ("AWS_ROLE_ARN", "arn:aws:iam::1:role/w")],
            "the web identity in AWS_WEB_IDENTITY_TOKEN_FILE",
        ),
        (AwsSettings::default(), &[], "profile `default`"),
        (
            AwsSettings::default(),
            &[empty, ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/role")],
            "the container's role",
        ),
        (keys(), &[], "its settings"),
    ];
    for (settings, variables, origin) in cases {
        let usual = [
            ("HOME", folder.path()),
            ("AWS_REGION", REGION),
            ("AWS_CONFIG_FILE", config.as_str()),
            ("AWS_SHARED_CREDENTIALS_FILE", shared.as_str()),
        ];
        let environment = environment(&[&usual[..], variables].concat(), metadata.address, sts.address);
        let server = Server::start(vec![answer(401, "", r#"{"error":{"message":"No."}}"#)]).await;
        let engine = engine(aws(server.address, settings, environment));
        let error = bounded(engine.complete(once())).await.unwrap_err().to_string();
        assert!(error.contains(&format!("; the credentials came from {origin} (status 401")), "{error}");
        assert!(!error.contains(CANARY), "{error}");
    }
}

/// The configured region is used for signatures if the address has none, as with a private endpoint.
#[test]
fn the_providers_region_is_used_for_signatures() {
    let region = |authentication: Authentication| match authentication {
        Authentication::Aws(aws) => aws.region,
        other => panic!("{other:?}"),
    };
    let in_region = |aws: AwsSettings| region(Authentication::Aws(aws).in_region(Some("eu-north-1")));
    assert_eq!(in_region(AwsSettings::default()).as_deref(), Some("eu-north-1"));
    assert_eq!(in_region(keys()).as_deref(), Some(REGION));
}
