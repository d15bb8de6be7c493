//! Tokens of Google, Microsoft, IBM and Databricks, issued by local servers.

use crate::support::{
    CANARY, bounded, call, engine,
    folder::Folder,
    server::{Recorded, Server, Step, answer},
    settings,
};
use base64::{Engine as _, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use ferrule_engine::{
    Authentication, CallError, DatabricksSettings, EntraSettings, Environment, Failure, GoogleSettings,
    ProviderSettings, Secret, WatsonxSettings,
};
use ferrule_wire::json::Fields;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use std::net::SocketAddr;

/// Generated for these tests; no service accepts it.
const KEY: &str = include_str!("support/service_account_key.pem");
const KEY_PKCS1: &str = include_str!("support/service_account_key_pkcs1.pem");

fn token(name: &str) -> Vec<Step> {
    answer(
        200,
        "",
        &format!(r#"{{"access_token":"{name}-{CANARY}","expires_in":3599,"token_type":"Bearer"}}"#),
    )
}

fn json(text: &str) -> String {
    ferrule_wire::json::Json::string(text).text().to_owned()
}

/// The request that a provider with `authentication` receives, or why it receives none.
async fn request(authentication: Authentication, environment: Environment) -> Result<Recorded, CallError> {
    with_key(authentication, environment, None).await
}

async fn with_key(
    authentication: Authentication,
    environment: Environment,
    key: Option<&str>,
) -> Result<Recorded, CallError> {
    let server = Server::start(vec![answer(200, "", "hi")]).await;
    let settings = ProviderSettings {
        api_key: key.map(Secret::from),
        authentication,
        environment,
        ..settings(server.address)
    };
    let engine = engine(settings);
    let mut call = call();
    call.options.max_retries = Some(0);
    let answered = bounded(engine.complete(call.clone())).await;
    if let Err(error) = &answered {
        let all = format!("{error} {error:?} {engine:?}");
        assert!(!all.contains(CANARY), "{all}");
    }
    answered?;
    bounded(engine.complete(call)).await.unwrap();
    let mut requests = server.requests();
    assert_eq!(
        requests[0].header("authorization"),
        requests[1].header("authorization"),
        "one token for both"
    );
    Ok(requests.remove(0))
}

fn environment(variables: &[(&str, &str)], endpoints: &[(&str, SocketAddr)]) -> Environment {
    let mut environment = Environment::from_variables(variables.iter().copied());
    for (origin, address) in endpoints {
        environment.endpoints.push(((*origin).to_owned(), format!("http://{address}")));
    }
    environment
}

fn bearer(request: &Recorded) -> &str {
    request.header("authorization").unwrap().strip_prefix("Bearer ").unwrap().strip_suffix(CANARY).unwrap()
}

/// The fields of a form.
fn form(request: &Recorded) -> Vec<(String, String)> {
    assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
    let url = url::Url::parse(&format!("form:?{}", request.body)).unwrap();
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

fn field(request: &Recorded, name: &str) -> String {
    form(request).into_iter().find(|(key, _)| key == name).unwrap_or_else(|| panic!("no {name}")).1
}

fn google(file: &str) -> Authentication {
    Authentication::Google(GoogleSettings { credentials: Some(Secret::from(file)), ..Default::default() })
}

fn service_account(key: &str) -> String {
    format!(
        r#"{{"type":"service_account","client_email":"me@p.iam.gserviceaccount.com","private_key_id":"k1","private_key":{},"token_uri":"https://oauth2.googleapis.com/token","quota_project_id":"payer"}}"#,
        json(key)
    )
}

#[tokio::test]
async fn a_service_account_signs_for_its_token() {
    for key in [KEY, KEY_PKCS1] {
        let google_ = Server::start(vec![token("service")]).await;
        let environment = environment(&[], &[("https://oauth2.googleapis.com", google_.address)]);
        let request = request(google(&service_account(key)), environment).await.unwrap();
        assert_eq!(bearer(&request), "service-");
        assert_eq!(request.header("x-goog-user-project"), Some("payer"));
        let asked = &google_.requests();
        assert_eq!((asked.len(), asked[0].line.as_str()), (1, "POST /token HTTP/1.1"));
        assert_eq!(field(&asked[0], "grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
        let assertion = field(&asked[0], "assertion");
        let (message, signature) = assertion.rsplit_once('.').unwrap();
        let der = PrivatePkcs8KeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
        let pair = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public().as_ref())
            .verify(message.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
            .unwrap();
        let (header, claims) = message.split_once('.').unwrap();
        let header = URL_SAFE_NO_PAD.decode(header).unwrap();
        assert_eq!(header, br#"{"alg":"RS256","typ":"JWT","kid":"k1"}"#);
        let claims = URL_SAFE_NO_PAD.decode(claims).unwrap();
        let claims = Fields::parse(&claims).unwrap();
        let text = |name: &str| claims.get(name).unwrap().string().unwrap();
        assert_eq!(text("iss"), "me@p.iam.gserviceaccount.com");
        assert_eq!(text("aud"), "https://oauth2.googleapis.com/token");
        assert_eq!(text("scope"), "https://www.googleapis.com/auth/cloud-platform");
        let number = |name: &str| claims.get(name).unwrap().u64().unwrap();
        assert_eq!(number("exp") - number("iat"), 3600);
    }
}

#[tokio::test]
async fn googles_default_credentials_are_looked_up_in_order() {
    let google = Server::start(vec![token("named"), token("gcloud"), token("machine")]).await;
    let endpoints = [("https://oauth2.googleapis.com", google.address)];
    let folder = Folder::new();
    let user = format!(
        r#"{{"type":"authorized_user","client_id":"id","client_secret":"secret-{CANARY}","refresh_token":"refresh-{CANARY}","quota_project_id":"payer"}}"#
    );
    let file = folder.write("named.json", &user.replace("\"id\"", "\"named\""));
    let default = || Authentication::Google(GoogleSettings::default());
    let home = ("HOME", folder.path());

    let named = environment(&[home, ("GOOGLE_APPLICATION_CREDENTIALS", &file)], &endpoints);
    assert_eq!(bearer(&request(default(), named).await.unwrap()), "named-");
    folder.write(".config/gcloud/application_default_credentials.json", &user);
    let payer = ("GOOGLE_CLOUD_QUOTA_PROJECT", "somebody");
    let sent = request(default(), environment(&[home, payer], &endpoints)).await.unwrap();
    assert_eq!((bearer(&sent), sent.header("x-goog-user-project")), ("gcloud-", Some("somebody")));
    let host = google.address.to_string();
    let machine = environment(&[("GCE_METADATA_HOST", &host)], &[]);
    assert_eq!(bearer(&request(default(), machine).await.unwrap()), "machine-");

    let asked = google.requests();
    assert_eq!(field(&asked[0], "client_id"), "named");
    assert_eq!(field(&asked[1], "refresh_token"), format!("refresh-{CANARY}"));
    assert_eq!(field(&asked[1], "grant_type"), "refresh_token");
    assert_eq!(asked[2].header("metadata-flavor"), Some("Google"));
    assert!(
        asked[2]
            .line
            .starts_with("GET /computeMetadata/v1/instance/service-accounts/default/token?scopes=https")
    );

    let missing = environment(&[("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent/x.json")], &[]);
    let error = request(default(), missing).await.unwrap_err();
    assert!(error.to_string().contains("cannot read /nonexistent/x.json"), "{error}");
    let nobody =
        tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let error = request(default(), environment(&[("GCE_METADATA_HOST", &nobody)], &[])).await.unwrap_err();
    assert!(matches!(error.failure, Failure::Config(_)), "{error:?}");
    assert!(error.to_string().contains("none in GOOGLE_APPLICATION_CREDENTIALS"), "{error}");
}

#[tokio::test]
async fn a_workload_identity_is_exchanged_and_may_impersonate() {
    let impersonated = answer(
        200,
        "",
        &format!(r#"{{"accessToken":"other-{CANARY}","expireTime":"2099-01-01T00:00:00Z"}}"#),
    );
    let google_ = Server::start(vec![
        token("federated"),
        answer(200, "", &format!(r#"{{"id_token":"subject-{CANARY}"}}"#)),
        token("federated"),
        impersonated.clone(),
        token("source"),
        impersonated,
    ])
    .await;
    let folder = Folder::new();
    let subject = folder.write("subject", &format!("subject-{CANARY}\n"));
    let account = |source: &str, more: &str| {
        format!(
            r#"{{"type":"external_account","audience":"//iam/pool","subject_token_type":"urn:ietf:params:oauth:token-type:jwt","token_url":"https://sts.googleapis.com/v1/token","credential_source":{source}{more}}}"#
        )
    };
    let endpoints = || {
        let origins = [
            "https://sts.googleapis.com",
            "https://iamcredentials.googleapis.com",
            "https://oauth2.googleapis.com",
        ];
        environment(&[], &origins.map(|origin| (origin, google_.address)))
    };
    let of_file = account(&format!(r#"{{"file":{}}}"#, json(&subject)), "");
    assert_eq!(bearer(&request(google(&of_file), endpoints()).await.unwrap()), "federated-");

    let source = format!(
        r#"{{"url":"http://{}/id","headers":{{"x-id":"me"}},"format":{{"type":"json","subject_token_field_name":"id_token"}}}}"#,
        google_.address
    );
    let impersonate =
        "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@b:generateAccessToken";
    let of_url = account(&source, &format!(r#","service_account_impersonation_url":"{impersonate}""#));
    assert_eq!(bearer(&request(google(&of_url), endpoints()).await.unwrap()), "other-");

    let nested = format!(
        r#"{{"type":"impersonated_service_account","service_account_impersonation_url":"{impersonate}","source_credentials":{}}}"#,
        service_account(KEY)
    );
    assert_eq!(bearer(&request(google(&nested), endpoints()).await.unwrap()), "other-");

    let asked = google_.requests();
    assert_eq!(field(&asked[0], "subject_token"), format!("subject-{CANARY}"));
    assert_eq!(field(&asked[0], "audience"), "//iam/pool");
    assert_eq!(asked[1].header("x-id"), Some("me"));
    assert_eq!(field(&asked[2], "subject_token"), format!("subject-{CANARY}"));
    assert_eq!(asked[3].header("authorization"), Some(&*format!("Bearer federated-{CANARY}")));
    assert_eq!(
        asked[3].body,
        r#"{"scope":["https://www.googleapis.com/auth/cloud-platform"],"lifetime":"3600s"}"#
    );
    assert_eq!(asked[5].header("authorization"), Some(&*format!("Bearer source-{CANARY}")));
}

#[tokio::test]
async fn unusable_google_credentials_say_why() {
    let google_ = Server::start(vec![
        answer(
            400,
            "",
            &format!(r#"{{"error":"invalid_grant","error_description":"refresh-{CANARY} was revoked"}}"#),
        ),
        answer(200, "", "{}"),
        answer(200, "", "<html>"),
    ])
    .await;
    let user = format!(
        r#"{{"type":"authorized_user","client_id":"id","client_secret":"secret-{CANARY}","refresh_token":"refresh-{CANARY}"}}"#
    );
    let executable = r#"{"type":"external_account","credential_source":{"executable":{"command":"x"}}}"#;
    let mut nested = service_account(KEY);
    for _ in 0..6 {
        nested = format!(
            r#"{{"type":"impersonated_service_account","service_account_impersonation_url":"https://x.invalid","source_credentials":{nested}}}"#
        );
    }
    for (file, words) in [
        (user.as_str(), "Google answers with status 400: invalid_grant: *** was revoked"),
        (&user, "Google gives no token"),
        (&user, "Google gives no token"),
        (&format!("not json {CANARY}"), "are not a JSON object"),
        ("{}", "have no type"),
        (r#"{"type":"strange"}"#, "of the type \"strange\""),
        (&service_account("no key"), "private_key of Google's credentials cannot be used"),
        (executable, "neither a file nor a url"),
        (&nested, "of the type \"impersonated_service_account\""),
    ] {
        let environment = environment(&[], &[("https://oauth2.googleapis.com", google_.address)]);
        let error = request(google(file), environment).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn entra_accepts_a_secret_a_workload_or_a_managed_identity() {
    let login = Server::start(vec![token("secret"), token("workload")]).await;
    // The metadata service writes numbers as text.
    let machine = answer(200, "", &format!(r#"{{"access_token":"machine-{CANARY}","expires_in":"3599"}}"#));
    let metadata = Server::start(vec![machine.clone(), machine]).await;
    let folder = Folder::new();
    let file = folder.write("assertion", &format!("assertion-{CANARY}\n"));
    let endpoints =
        [("https://login.microsoftonline.com", login.address), ("http://169.254.169.254", metadata.address)];
    let entra = || Authentication::Entra(EntraSettings::default());
    let sent = async |variables: &[(&str, &str)]| {
        request(entra(), environment(variables, &endpoints)).await.unwrap()
    };

    let who = [("AZURE_TENANT_ID", "tenant"), ("AZURE_CLIENT_ID", "client")];
    let secret = format!("secret-{CANARY}");
    let request = sent(&[&who[..], &[("AZURE_CLIENT_SECRET", &secret)]].concat()).await;
    assert_eq!(bearer(&request), "secret-");
    assert_eq!(
        bearer(&sent(&[&who[..], &[("AZURE_FEDERATED_TOKEN_FILE", &file)]].concat()).await),
        "workload-"
    );
    assert_eq!(bearer(&sent(&[("AZURE_CLIENT_ID", "client")]).await), "machine-");
    let app = format!("http://{}/app", metadata.address);
    assert_eq!(bearer(&sent(&[("IDENTITY_ENDPOINT", &app), ("IDENTITY_HEADER", "h")]).await), "machine-");

    let asked = login.requests();
    assert_eq!(asked[0].line, "POST /tenant/oauth2/v2.0/token HTTP/1.1");
    assert_eq!(field(&asked[0], "scope"), "https://cognitiveservices.azure.com/.default");
    assert_eq!(field(&asked[0], "client_secret"), secret);
    assert_eq!(field(&asked[1], "client_assertion"), format!("assertion-{CANARY}"));
    let asked = metadata.requests();
    assert_eq!(asked[0].header("metadata"), Some("true"));
    assert_eq!(
        asked[0].line,
        "GET /metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fcognitiveservices.azure.com&client_id=client HTTP/1.1"
    );
    assert_eq!(asked[1].header("x-identity-header"), Some("h"));

    // An explicit token takes precedence over a key, and a key over everything that must be requested.
    let given = format!("given-{CANARY}");
    let own = environment(&[("AZURE_OPENAI_AD_TOKEN", &given)], &[]);
    assert_eq!(bearer(&with_key(entra(), own, Some("key")).await.unwrap()), "given-");
    let keyed = with_key(entra(), environment(&who, &[]), Some("a-key")).await.unwrap();
    assert_eq!((keyed.header("api-key"), keyed.header("authorization")), (Some("a-key"), None));
}

#[tokio::test]
async fn entra_says_why_it_gives_no_token() {
    let refused = format!(
        r#"{{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret secret-{CANARY} provided"}}"#
    );
    let login = Server::start(vec![answer(401, "", &refused)]).await;
    let endpoints =
        [("https://login.microsoftonline.com", login.address), ("http://169.254.169.254", login.address)];
    let settings = EntraSettings {
        tenant_id: Some("tenant".into()),
        client_id: Some("client".into()),
        client_secret: Some(Secret::from(format!("secret-{CANARY}"))),
        ..EntraSettings::default()
    };
    let error = request(Authentication::Entra(settings), environment(&[], &endpoints)).await.unwrap_err();
    assert!(
        error.to_string().contains("Entra answers with status 401: invalid_client: AADSTS7000215"),
        "{error}"
    );
    assert_eq!(login.requests().len(), 1, "a refusal is not asked for again");
    let file =
        [("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_ID", "c"), ("AZURE_FEDERATED_TOKEN_FILE", "/nonexistent")];
    let entra = || Authentication::Entra(EntraSettings::default());
    let error = request(entra(), environment(&file, &endpoints)).await.unwrap_err();
    assert!(error.to_string().contains("cannot read AZURE_FEDERATED_TOKEN_FILE"), "{error}");
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = request(entra(), environment(&[], &[("http://169.254.169.254", nobody)])).await.unwrap_err();
    assert!(
        error.to_string().contains("set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"),
        "{error}"
    );
}

#[tokio::test]
async fn ibms_key_is_exchanged_and_not_sent_to_the_provider() {
    let busy = answer(503, "", "");
    let ibm = Server::start(vec![busy.clone(), token("ibm"), busy]).await;
    let watsonx = || Authentication::Watsonx(WatsonxSettings::default());
    let endpoints = [("https://iam.cloud.ibm.com", ibm.address)];
    let key = format!("key-{CANARY}");
    let request = with_key(watsonx(), environment(&[], &endpoints), Some(&key)).await.unwrap();
    assert_eq!(bearer(&request), "ibm-");
    let asked = &ibm.requests()[1];
    assert_eq!(asked.line, "POST /identity/token HTTP/1.1");
    assert_eq!(field(asked, "grant_type"), "urn:ibm:params:oauth:grant-type:apikey");
    assert_eq!(field(asked, "apikey"), key);

    let error = with_key(watsonx(), environment(&[], &endpoints), Some(&key)).await.unwrap_err();
    assert!(error.to_string().contains("IBM's identity service answers with status 503"), "{error}");
    assert_eq!(ibm.requests().len(), 5, "busy servers are asked three times");
    let error = with_key(watsonx(), environment(&[], &endpoints), None).await.unwrap_err();
    assert!(error.to_string().contains("set TEST_API_KEY"), "{error}");

    let own = Server::start(vec![token("own")]).await;
    let variables = [("WATSONX_IAM_URL", &*format!("http://{}/of/our/cloud", own.address))];
    let request = with_key(watsonx(), environment(&variables, &[]), Some(&key)).await.unwrap();
    assert_eq!(bearer(&request), "own-");
    assert_eq!(own.requests()[0].line, "POST /of/our/cloud HTTP/1.1");

    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let unreachable = environment(&[], &[("https://iam.cloud.ibm.com", nobody)]);
    let error = with_key(watsonx(), unreachable, Some(&key)).await.unwrap_err();
    assert!(
        error.to_string().contains("IBM's identity service: cannot connect to http://127.0.0.1"),
        "{error}"
    );
}

#[tokio::test]
async fn a_service_principal_of_databricks_is_exchanged_at_its_workspace() {
    let server = Server::start(vec![token("principal"), answer(200, "", "hi")]).await;
    let principal = DatabricksSettings {
        client_id: Some("id".into()),
        client_secret: Some(Secret::from(format!("secret-{CANARY}"))),
    };
    let mut settings = settings(server.address);
    settings.api_key = None;
    settings.authentication = Authentication::Databricks(principal);
    settings.environment = Environment::from_variables::<&str, &str>([]);
    bounded(engine(settings.clone()).complete(call())).await.unwrap();
    let requests = server.requests();
    assert_eq!(requests[0].line, "POST /oidc/v1/token HTTP/1.1");
    let basic = format!("Basic {}", STANDARD.encode(format!("id:secret-{CANARY}")));
    assert_eq!(requests[0].header("authorization"), Some(basic.as_str()));
    assert_eq!(requests[0].body, "grant_type=client_credentials&scope=all-apis");
    assert_eq!(bearer(&requests[1]), "principal-");

    settings.authentication = Authentication::Databricks(DatabricksSettings::default());
    let error = bounded(engine(settings.clone()).complete(call())).await.unwrap_err();
    assert!(error.to_string().contains("set TEST_API_KEY"), "{error}");
    settings.environment =
        Environment::from_variables([("DATABRICKS_CLIENT_ID", "id"), ("DATABRICKS_CLIENT_SECRET", "s")]);
    bounded(engine(settings).complete(call())).await.unwrap_err();
    assert_eq!(server.requests().len(), 3, "the workspace was asked, and gave no token");
}

#[test]
fn no_setting_shows_a_secret() {
    let secret = || Some(Secret::from(CANARY));
    let all = [
        Authentication::Google(GoogleSettings { credentials: secret(), ..Default::default() }),
        Authentication::Entra(EntraSettings {
            client_secret: secret(),
            token: secret(),
            ..Default::default()
        }),
        Authentication::Databricks(DatabricksSettings { client_secret: secret(), ..Default::default() }),
        Authentication::Aws(ferrule_engine::AwsSettings {
            secret_access_key: secret(),
            session_token: secret(),
            ..Default::default()
        }),
    ];
    for authentication in all {
        let mut settings = ProviderSettings { authentication, ..settings(([127, 0, 0, 1], 9).into()) };
        settings.environment = Environment::from_variables([("SECRET", CANARY)]);
        settings.query = vec![("key".into(), CANARY.into())];
        let shown =
            format!("{settings:?} {settings:#?} {:?} {:?}", settings.environment, engine(settings.clone()));
        assert!(!shown.contains(CANARY), "{shown}");
    }
}

/// A refusal says where the credentials behind the refused token come from.
#[tokio::test]
async fn refused_tokens_say_where_their_credentials_were_found() {
    let folder = Folder::new();
    let user = r#"{"type":"authorized_user","client_id":"id","client_secret":"s","refresh_token":"r"}"#;
    let named = folder.write("named.json", user);
    let clouds = Server::start((0..6).map(|_| token("some")).collect()).await;
    let host = clouds.address.to_string();
    let endpoints = [
        ("https://oauth2.googleapis.com", clouds.address),
        ("https://login.microsoftonline.com", clouds.address),
        ("http://169.254.169.254", clouds.address),
    ];
    let google = || Authentication::Google(GoogleSettings::default());
    let entra = || Authentication::Entra(EntraSettings::default());
    let who = [("AZURE_TENANT_ID", "tenant"), ("AZURE_CLIENT_ID", "client")];
    let secret = ("AZURE_CLIENT_SECRET", "s");
    type Variables<'a> = Vec<(&'a str, &'a str)>;
    let cases: Vec<(Authentication, Variables<'_>, String)> = vec![
        (
            google(),
            vec![("GOOGLE_APPLICATION_CREDENTIALS", &named)],
            format!("the file {named} that GOOGLE_APPLICATION_CREDENTIALS names"),
        ),
        (
            Authentication::Google(GoogleSettings {
                credentials: Some(Secret::from(user)),
                ..GoogleSettings::default()
            }),
            vec![],
            "its settings".to_owned(),
        ),
        (google(), vec![("GCE_METADATA_HOST", &host)], "this machine's metadata".to_owned()),
        (entra(), [&who[..], &[secret]].concat(), "the environment variable AZURE_CLIENT_SECRET".to_owned()),
        (
            entra(),
            [&who[..], &[("AZURE_FEDERATED_TOKEN_FILE", named.as_str())]].concat(),
            "the workload identity in AZURE_FEDERATED_TOKEN_FILE".to_owned(),
        ),
        (entra(), vec![], "this machine's managed identity".to_owned()),
    ];
    for (authentication, variables, origin) in cases {
        let server = Server::start(vec![answer(401, "", r#"{"error":{"message":"No."}}"#)]).await;
        let mut settings = settings(server.address);
        settings.api_key = None;
        settings.authentication = authentication;
        settings.environment = environment(&variables, &endpoints);
        let mut call = call();
        call.options.max_retries = Some(0);
        let error = bounded(engine(settings).complete(call)).await.unwrap_err().to_string();
        assert!(error.contains(&format!("; the credentials came from {origin} (status 401")), "{error}");
        assert!(!error.contains(CANARY), "{error}");
    }
}
