//! What a local MCP server is, told from the command that starts it: the package, image or script, whether
//! somebody else makes it, and whether an exact version is named. Nothing is started or looked up.

use super::{host, secrets};

/// What a command starts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Launch {
    /// Package, image or file name.
    pub endpoint: Option<String>,
    /// Whether it comes from a public registry; `false` for a script of one's own.
    pub third_party: Option<bool>,
    /// Whether an exact version is named.
    pub version_pinned: Option<bool>,
    /// Whether the command itself is a shell.
    pub is_shell: bool,
}

const SHELLS: &[&str] = &["sh", "bash", "zsh", "dash", "ksh", "fish", "cmd", "powershell", "pwsh"];
const INTERPRETERS: &[&str] = &[
    "node", "nodejs", "python", "python2", "python3", "py", "bun", "tsx", "ts-node", "ruby", "php", "perl", "java",
    "dotnet", "deno",
];
const SCRIPTS: &[&str] = &[
    ".py", ".js", ".mjs", ".cjs", ".ts", ".mts", ".tsx", ".rb", ".php", ".pl", ".sh", ".ps1", ".bat", ".cmd", ".jar",
    ".dll",
];
const NPM_VALUES: &[&str] =
    &["--registry", "--cache", "--prefix", "--userconfig", "--workspace", "-w", "--node-options", "--package", "-p"];
const UV_VALUES: &[&str] = &[
    "--with",
    "--with-editable",
    "--with-requirements",
    "--python",
    "-p",
    "--index-url",
    "-i",
    "--default-index",
    "--index",
    "--extra-index-url",
    "--directory",
    "--project",
    "--env-file",
    "--constraints",
    "-c",
    "--config-file",
    "--cache-dir",
    "--refresh-package",
    "--from",
    "--spec",
    "--pip-args",
    "--extra",
    "--group",
    "--link-mode",
];
const OWN_REGISTRY: &[&str] =
    &["--registry", "--index-url", "--default-index", "--index", "--extra-index-url", "-i", "--pip-args"];
/// Options of `docker run` without a value; every other one takes the next word.
const DOCKER_SWITCHES: &[&str] = &[
    "--rm",
    "--init",
    "--interactive",
    "--tty",
    "--detach",
    "--privileged",
    "--read-only",
    "--publish-all",
    "--no-healthcheck",
    "--oom-kill-disable",
    "--quiet",
    "--sig-proxy",
    "--tls",
];
/// Registries that anybody may take images from.
const PUBLIC_IMAGES: &[&str] = &[
    "docker.io",
    "index.docker.io",
    "registry-1.docker.io",
    "ghcr.io",
    "quay.io",
    "mcr.microsoft.com",
    "public.ecr.aws",
    "nvcr.io",
    "registry.k8s.io",
    "lscr.io",
];

/// Reads a command line. `own_registry` says that a variable sends the package manager to another registry, so
/// that a package may well be one's own.
pub(super) fn of(command: &str, args: &[String], own_registry: bool) -> Launch {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let launch = read(command, &args, own_registry, 0);
    // A misread option may have put a secret where a name belongs.
    let endpoint = launch.endpoint.filter(|name| !secrets::is_plainly_secret(name) && is_name(name));
    Launch { endpoint, ..launch }
}

fn read(command: &str, args: &[&str], own_registry: bool, depth: u8) -> Launch {
    let program = program(command);
    let rest = |from: usize| args.get(from..).unwrap_or_default();
    if depth > 3 {
        return Launch::default();
    }
    match (program.as_str(), args) {
        // Windows starts `npx` over `cmd /c`; what follows is the real command.
        ("cmd", [switch, inner, ..]) if switch.eq_ignore_ascii_case("/c") && !inner.contains(' ') => {
            read(inner, rest(2), own_registry, depth + 1)
        }
        ("env", _) => {
            let at = args.iter().position(|arg| !arg.contains('=') && !arg.starts_with('-'));
            at.and_then(|at| args.get(at).map(|inner| read(inner, rest(at + 1), own_registry, depth + 1)))
                .unwrap_or_default()
        }
        ("npx" | "bunx" | "pnpx", _) => npm(args, own_registry),
        ("npm", ["exec" | "x", ..]) | ("pnpm" | "yarn", ["dlx", ..]) | ("bun", ["x", ..]) => npm(rest(1), own_registry),
        ("uvx", _) => python_tool(args, own_registry),
        ("uv", _) => uv(args, own_registry),
        ("pipx", ["run", ..]) => python_tool(rest(1), own_registry),
        ("docker" | "podman" | "nerdctl", _) => image(args),
        ("deno", ["run", ..]) => deno(rest(1)),
        ("bun", ["run", ..]) => script(rest(1)),
        (shell, _) if SHELLS.contains(&shell) => {
            let inline = args.iter().any(|arg| matches!(*arg, "-c" | "-lc" | "-ic" | "/c" | "/C" | "-Command"));
            let launch = if inline { Launch::default() } else { script(args) };
            Launch { is_shell: true, ..launch }
        }
        (interpreter, _) if INTERPRETERS.contains(&interpreter) || interpreter.starts_with("python3.") => script(args),
        _ => file(command),
    }
}

/// The command without its folder and Windows ending.
fn program(command: &str) -> String {
    let name = command.trim().rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
    let bare = [".exe", ".cmd", ".bat"].iter().find_map(|end| name.strip_suffix(end));
    bare.map_or(name.clone(), str::to_owned)
}

/// The package that a runner is told to fetch, and whether it may come from a registry of one's own. Only what
/// stands before the first word is the runner's; the rest is for the server.
fn fetched<'a>(args: &[&'a str], with_value: &[&str], names: &[&str]) -> Option<(&'a str, bool)> {
    let word = first_word(args, with_value);
    let server_words = word.map_or(0, |(_, rest)| rest.len() + 1);
    let options = args.get(..args.len() - server_words).unwrap_or_default();
    let is_own = options.iter().any(|arg| OWN_REGISTRY.contains(&flag(arg)));
    option(options, names).or(word.map(|(word, _)| word)).map(|spec| (spec, is_own))
}

/// The option without its value.
fn flag<'a>(arg: &&'a str) -> &'a str {
    if arg.starts_with('-') { arg.split('=').next().unwrap_or(arg) } else { "" }
}

/// The first word that is neither an option nor the value of one, with the words after it.
fn first_word<'a, 'b>(args: &'b [&'a str], with_value: &[&str]) -> Option<(&'a str, &'b [&'a str])> {
    let mut at = 0;
    while let Some(arg) = args.get(at) {
        if !arg.starts_with('-') {
            return Some((arg, args.get(at + 1..).unwrap_or_default()));
        }
        at += if with_value.contains(arg) { 2 } else { 1 };
    }
    None
}

/// The value of an option, given after it or after `=`.
fn option<'a>(args: &[&'a str], names: &[&str]) -> Option<&'a str> {
    args.iter().enumerate().find_map(|(at, arg)| {
        let name = flag(arg);
        if !names.contains(&name) {
            return None;
        }
        arg.split_once('=').map(|(_, value)| value).or_else(|| args.get(at + 1).copied())
    })
}

fn npm(args: &[&str], own_registry: bool) -> Launch {
    let spec = fetched(args, NPM_VALUES, &["-p", "--package"]);
    spec.map_or_else(Launch::default, |(spec, is_own)| npm_package(spec, own_registry || is_own))
}

fn npm_package(spec: &str, own_registry: bool) -> Launch {
    let spec = spec.strip_prefix("npm:").unwrap_or(spec);
    let is_short_git = !spec.starts_with(['@', '.', '/', '~']) && spec.contains('/') && !spec.contains(':');
    if is_short_git {
        return repository(&format!("github:{spec}"));
    }
    if let Some(launch) = not_from_registry(spec) {
        return launch;
    }
    let at = spec.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at);
    let (name, version) = at.and_then(|at| spec.split_at_checked(at)).unwrap_or((spec, ""));
    let version = version.trim_start_matches('@');
    package(name, pinned(version, is_npm_version), own_registry)
}

fn python_tool(args: &[&str], own_registry: bool) -> Launch {
    let spec = fetched(args, UV_VALUES, &["--from", "--spec"]);
    spec.map_or_else(Launch::default, |(spec, is_own)| python_package(spec, own_registry || is_own))
}

fn python_package(spec: &str, own_registry: bool) -> Launch {
    // `name @ https://...` is how Python names a package by its address.
    let spec = spec.split_once(" @ ").map_or(spec, |(_, address)| address.trim());
    if let Some(launch) = not_from_registry(spec) {
        return launch;
    }
    let end = spec.find(['=', '<', '>', '~', '!', '@', '[', ' ', ';']).unwrap_or(spec.len());
    let (name, rest) = spec.split_at_checked(end).unwrap_or((spec, ""));
    let rest = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(rest, |(_, rest)| rest);
    let version = rest.trim().strip_prefix("==").or_else(|| rest.strip_prefix('@'));
    let pinned = match version {
        Some(version) => pinned(version.trim(), is_python_version),
        None => Some(false),
    };
    package(name, pinned, own_registry)
}

fn package(name: &str, version_pinned: Option<bool>, own_registry: bool) -> Launch {
    Launch {
        endpoint: Some(name.to_owned()),
        third_party: (!own_registry).then_some(true),
        version_pinned,
        is_shell: false,
    }
}

/// Packages by folder, address or repository.
fn not_from_registry(spec: &str) -> Option<Launch> {
    if spec.starts_with(['.', '/', '~']) || spec.starts_with("file:") || spec.get(1..3) == Some(":\\") {
        return Some(file(spec.strip_prefix("file:").unwrap_or(spec)));
    }
    if spec.contains("://") || ["github:", "gitlab:", "bitbucket:", "gist:"].iter().any(|forge| spec.starts_with(forge))
    {
        return Some(repository(spec));
    }
    None
}

/// A package taken straight from a repository or an address. Whose it is cannot be told.
fn repository(spec: &str) -> Launch {
    let (address, commit) = match spec.split_once('#') {
        Some((address, commit)) => (address, commit.split('&').next().unwrap_or(commit)),
        // Python puts the commit after an `@` in the path; one before the path belongs to the user.
        None => match spec.rsplit_once('@').filter(|(_, end)| !end.contains('/')) {
            Some((address, commit)) => (address, commit),
            None => (spec, ""),
        },
    };
    let is_commit = commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit());
    let version_pinned = if commit.contains('$') { None } else { Some(is_commit || is_npm_version(commit)) };
    if let Some((_, rest)) = address.split_once("://") {
        let host = host::of(address);
        let path = rest.split_once('/').map_or("", |(_, path)| path).trim_end_matches(".git");
        let mut steps = path.split(['/', '?']).take(2);
        let forge = host.as_deref().and_then(|host| host.strip_suffix(".com").or_else(|| host.strip_suffix(".org")));
        let third_party = host.as_deref().filter(|host| host::is_private(host)).map(|_| false);
        let endpoint = match (forge, steps.next(), steps.next()) {
            (Some(forge @ ("github" | "gitlab" | "bitbucket")), Some(owner), Some(name))
                if [owner, name].iter().all(|step| is_name(step) && !secrets::is_plainly_secret(step)) =>
            {
                Some(format!("{forge}:{owner}/{}", name.trim_end_matches(".git")))
            }
            _ => host,
        };
        return Launch { endpoint, third_party, version_pinned, is_shell: false };
    }
    Launch { endpoint: Some(address.to_owned()), third_party: None, version_pinned, is_shell: false }
}

/// `uv tool run`, and `uv run` of a script or of a project that lies on the machine.
fn uv(args: &[&str], own_registry: bool) -> Launch {
    let Some((verb, rest)) = first_word(args, UV_VALUES) else { return Launch::default() };
    match (verb, rest) {
        ("tool", ["run", ..]) => python_tool(rest.get(1..).unwrap_or_default(), own_registry),
        ("x", _) => python_tool(rest, own_registry),
        ("run", _) => match rest.iter().find(|arg| is_script(arg)) {
            Some(path) => file(path),
            // An entry point of a project on disk: whose code it is cannot be told.
            None => {
                Launch { endpoint: first_word(rest, UV_VALUES).map(|(word, _)| word.to_owned()), ..Launch::default() }
            }
        },
        _ => Launch::default(),
    }
}

/// The image of `docker run`; other verbs start nothing that can be named.
fn image(args: &[&str]) -> Launch {
    let Some(("run", rest)) = first_word(args, &["--context", "-c", "--host", "-H", "--config", "--log-level", "-l"])
    else {
        return Launch::default();
    };
    let mut at = 0;
    while let Some(arg) = rest.get(at) {
        if !arg.starts_with('-') {
            return image_name(arg);
        }
        at += if docker_takes_next(arg) { 2 } else { 1 };
    }
    Launch::default()
}

fn docker_takes_next(arg: &str) -> bool {
    if let Some(short) = arg.strip_prefix('-').filter(|rest| !rest.starts_with('-')) {
        // `-it` is two switches; `-eNAME=value` carries its value.
        return short.len() == 1 && !"itdPq".contains(short);
    }
    !arg.contains('=') && !DOCKER_SWITCHES.contains(&arg)
}

fn image_name(image: &str) -> Launch {
    let (name, digest) = image.split_once('@').unwrap_or((image, ""));
    let (folder, last) = name.rsplit_once('/').map_or(("", name), |(folder, last)| (folder, last));
    let (last, tag) = last.split_once(':').unwrap_or((last, ""));
    let name = if folder.is_empty() { last.to_owned() } else { format!("{folder}/{last}") };
    let first = folder.split('/').next().unwrap_or_default();
    let registry = (first.contains(['.', ':']) || first == "localhost").then_some(first);
    let third_party = match registry {
        // A bare name may have been built on the machine itself.
        None => (!folder.is_empty()).then_some(true),
        Some(registry) if PUBLIC_IMAGES.contains(&registry) => Some(true),
        Some(registry) => host::of(registry).filter(|host| host::is_private(host)).map(|_| false),
    };
    let version_pinned = if digest.starts_with("sha256:") { Some(true) } else { pinned(tag, is_npm_version) };
    Launch { endpoint: Some(name), third_party, version_pinned, is_shell: false }
}

fn deno(args: &[&str]) -> Launch {
    let Some((word, _)) = first_word(args, &["--config", "-c", "--import-map", "--lock", "--cert"]) else {
        return Launch::default();
    };
    match word.strip_prefix("npm:").or_else(|| word.strip_prefix("jsr:")) {
        Some(spec) => npm_package(spec, false),
        None if word.contains("://") => Launch {
            endpoint: host::of(word),
            third_party: host::of(word).filter(|host| host::is_private(host)).map(|_| false),
            ..Launch::default()
        },
        None => file(word),
    }
}

/// The script that an interpreter runs.
fn script(args: &[&str]) -> Launch {
    if let Some(at) = args.iter().position(|arg| *arg == "-m") {
        // A module is installed or lies beside: whose it is cannot be told.
        return Launch { endpoint: args.get(at + 1).map(|module| (*module).to_owned()), ..Launch::default() };
    }
    if args.first().is_some_and(|arg| matches!(*arg, "-c" | "-e" | "--eval" | "-p" | "--print")) {
        return Launch { third_party: Some(false), ..Launch::default() };
    }
    let with_value = ["-X", "-W", "-r", "--require", "--import", "--env-file", "--loader", "-I", "-cp", "-classpath"];
    let named = args.iter().find(|arg| is_script(arg)).copied();
    named.or_else(|| first_word(args, &with_value).map(|(word, _)| word)).map_or_else(Launch::default, file)
}

fn is_script(arg: &str) -> bool {
    let lower = arg.to_ascii_lowercase();
    !arg.starts_with('-') && !arg.contains("://") && SCRIPTS.iter().any(|end| lower.ends_with(end))
}

/// A file on the machine. A script is one's own, unless it lies among installed packages; whose work a binary
/// is cannot be told.
fn file(path: &str) -> Launch {
    let name = path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default();
    let installed = ["node_modules", "site-packages", "dist-packages"].iter().any(|folder| path.contains(folder));
    Launch {
        endpoint: (!name.is_empty()).then(|| name.to_owned()),
        third_party: (is_script(path) && !installed).then_some(false),
        ..Launch::default()
    }
}

/// Whether an exact version is named; NULL where a variable names it.
fn pinned(version: &str, exact: impl Fn(&str) -> bool) -> Option<bool> {
    if version.contains(['$', '%', '{']) { None } else { Some(exact(version)) }
}

/// `1.2.3`, with whatever follows a `-` or `+`. `1.2` or `^1.2.3` are ranges.
fn is_npm_version(version: &str) -> bool {
    let version = version.trim_start_matches(['v', '=']);
    let core = version.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<_> = core.split('.').collect();
    parts.len() >= 3 && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

/// What may stand after `==`: `1.2` is the same as `1.2.0`, `1.*` is a range.
fn is_python_version(version: &str) -> bool {
    version.starts_with(|c: char| c.is_ascii_digit())
        && version.bytes().all(|b| b.is_ascii_alphanumeric() || b".+!-_".contains(&b))
}

/// Whether a text can be the name of a package, an image or a file.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 200
        && !text.contains("://")
        && text.chars().all(|c| c.is_alphanumeric() || "@/._-:+~ ()".contains(c))
}

#[cfg(test)]
mod tests {
    fn of(line: &str) -> (String, Option<bool>, Option<bool>) {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let launch = super::of(&words[0], &words[1..], false);
        (launch.endpoint.unwrap_or_default(), launch.third_party, launch.version_pinned)
    }

    const NPX: &str = "@modelcontextprotocol/server-github";
    const YES: Option<bool> = Some(true);
    const NO: Option<bool> = Some(false);

    #[test]
    fn packages_of_npm() {
        for (line, name, third_party, pinned) in [
            ("npx -y @modelcontextprotocol/server-github", NPX, YES, NO),
            ("npx -y @modelcontextprotocol/server-github@latest", NPX, YES, NO),
            ("npx -y @modelcontextprotocol/server-github@^1.2.3", NPX, YES, NO),
            ("npx -y @modelcontextprotocol/server-github@1.2", NPX, YES, NO),
            ("npx -y @modelcontextprotocol/server-github@1.2.3", NPX, YES, YES),
            ("npx -y @modelcontextprotocol/server-github@2025.1.1-rc.1 --flag x", NPX, YES, YES),
            ("npx -y mcp-remote@${VERSION} https://example.com/sse", "mcp-remote", YES, None),
            ("/usr/local/bin/npx --yes mcp-remote https://u:CANARY@example.com/sse", "mcp-remote", YES, NO),
            ("npx --package=tool@1.0.0 run-it", "tool", YES, YES),
            ("npx -p tool@1.0.0 run-it", "tool", YES, YES),
            ("npx --registry https://npm.acme.io -y tool@1.0.0", "tool", None, YES),
            ("cmd /c npx -y tool@1.0.0", "tool", YES, YES),
            ("C:\\nodejs\\npx.cmd -y tool", "tool", YES, NO),
            ("env A=CANARY npx tool", "tool", YES, NO),
            ("bunx tool@1.0.0", "tool", YES, YES),
            ("bun x tool", "tool", YES, NO),
            ("pnpm dlx tool@1.0.0", "tool", YES, YES),
            ("npm exec -- tool@1.0.0", "tool", YES, YES),
            ("npx -y ./local", "local", None, None),
            ("npx -y github:acme/tool", "github:acme/tool", None, NO),
            ("npx -y acme/tool#v1.2.3", "github:acme/tool", None, YES),
            ("npx -y https://user:CANARY@pkgs.acme.io/tool.tgz?t=CANARY", "pkgs.acme.io", None, NO),
            ("npx ghp_CANARY0001CANARY0001", "", YES, NO),
        ] {
            assert_eq!(of(line), (name.to_owned(), third_party, pinned), "{line}");
        }
    }

    #[test]
    fn packages_of_python() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        for (line, name, third_party, pinned) in [
            ("uvx mcp-server-git", "mcp-server-git", YES, NO),
            ("uvx mcp-server-git@latest", "mcp-server-git", YES, NO),
            ("uvx mcp-server-git@2025.1", "mcp-server-git", YES, YES),
            ("uvx mcp-server-git==1.2.3 --repository .", "mcp-server-git", YES, YES),
            ("uvx mcp-server-git>=1.2.3", "mcp-server-git", YES, NO),
            ("uvx mcp-server-git==1.*", "mcp-server-git", YES, NO),
            ("uvx --from tool[cli]==1.0 run-it", "tool", YES, YES),
            ("uvx --python 3.12 tool", "tool", YES, NO),
            ("uvx --index-url https://u:CANARY@pypi.acme.io/simple tool", "tool", None, NO),
            ("uv tool run tool@1.0.0", "tool", YES, YES),
            ("uvx tool --from yesterday --index x", "tool", YES, NO),
            ("pipx run tool==1.0", "tool", YES, YES),
            ("pipx run --spec tool==1.0 run-it", "tool", YES, YES),
            ("uv --directory /opt/acme run server.py", "server.py", NO, None),
            ("uv run --with mcp[cli] mcp run /opt/acme/server.py", "server.py", NO, None),
            ("uv --directory /opt/acme run acme-server", "acme-server", None, None),
            ("uvx --from git+https://github.com/acme/tool run-it", "github:acme/tool", None, NO),
        ] {
            assert_eq!(of(line), (name.to_owned(), third_party, pinned), "{line}");
        }
        let line = format!("uvx --from git+https://CANARY@github.com/acme/tool.git@{commit} run-it");
        assert_eq!(of(&line), ("github:acme/tool".to_owned(), None, YES));
        assert_eq!(of("uvx --from git+https://git.acme.internal/a/b@main x"), ("git.acme.internal".to_owned(), NO, NO));
    }

    #[test]
    fn images() {
        let digest = format!("docker run --rm -i mcp/time@sha256:{}", "0".repeat(64));
        for (line, name, third_party, pinned) in [
            ("docker run -i --rm mcp/time", "mcp/time", YES, NO),
            ("docker run -i --rm mcp/time:latest", "mcp/time", YES, NO),
            ("docker run -i --rm mcp/time:1", "mcp/time", YES, NO),
            ("docker run -i --rm mcp/time:1.2.3-alpine", "mcp/time", YES, YES),
            (digest.as_str(), "mcp/time", YES, YES),
            (
                "docker run -it -e TOKEN=CANARY --name x ghcr.io/github/github-mcp-server",
                "ghcr.io/github/github-mcp-server",
                YES,
                NO,
            ),
            ("podman run --env=TOKEN=CANARY -eA=CANARY -v /a:/b img:1.0.0 serve", "img", None, YES),
            ("docker run registry.acme.io/tools/crm:2.0.1", "registry.acme.io/tools/crm", None, YES),
            ("docker run localhost:5000/crm", "localhost:5000/crm", NO, NO),
            ("docker exec -i box server", "", None, None),
            ("docker mcp gateway run", "", None, None),
        ] {
            assert_eq!(of(line), (name.to_owned(), third_party, pinned), "{line}");
        }
    }

    #[test]
    fn scripts_modules_and_binaries() {
        for (line, name, third_party) in [
            ("node /opt/acme/build/index.js --port 1", "index.js", NO),
            ("node --env-file .env C:\\acme\\index.js", "index.js", NO),
            ("node /opt/node_modules/@x/y/dist/index.js", "index.js", None),
            ("/opt/venv/bin/python3 server.py", "server.py", NO),
            ("python -m mcp_server_git", "mcp_server_git", None),
            ("python -c print(1)", "", NO),
            ("deno run -A npm:tool@1.0.0", "tool", YES),
            ("deno run -A https://user:CANARY@x.example.com/mod.ts", "x.example.com", None),
            ("deno run -A ./mod.ts", "mod.ts", NO),
            ("/opt/acme/bin/crm-server --key CANARY", "crm-server", None),
            ("./run.sh", "run.sh", NO),
            ("github-mcp-server stdio", "github-mcp-server", None),
        ] {
            let (found, whose, _) = of(line);
            assert_eq!((found, whose), (name.to_owned(), third_party), "{line}");
        }
    }

    #[test]
    fn only_a_shell_is_a_shell() {
        let shell = |command: &str, args: &[&str]| {
            super::of(command, &args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>(), false)
        };
        assert!(shell("/bin/bash", &["-c", "npx tool"]).is_shell);
        assert_eq!(shell("bash", &["-c", "npx tool"]).endpoint, None);
        assert!(shell("sh", &["/opt/run.sh"]).is_shell);
        assert!(shell("cmd.exe", &["/c", "npx tool && del x"]).is_shell);
        assert!(!shell("cmd", &["/c", "npx", "tool"]).is_shell);
        assert!(!shell("python", &["-c", "print(1)"]).is_shell);
    }
}
