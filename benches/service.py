"""Measures the service against what Postgres and the same libraries can do, in one run on one database.

The program starts the service with a private Postgres server in an empty directory, writes one task force over the API,
copies that task force in the database (fill.sql), drives the service with wrk as signed-in members, and measures in the same
run: `floor.rs` (the same rows by the same libraries, with nothing else) and pgbench with the statements that the service
itself sends. Ratios within one run count; rates depend on the machine.

    service.py --service target/release/taskforce --floor target/release/examples/floor [--scale medium] [--seconds 10]

The result is a table on standard output and, with --json FILE, the figures behind the table.
"""

import argparse
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).parent
PASSWORD = "three wooden ships at noon"
# Task forces beside the template, and activities of each. Each activity has three events.
SCALES = {"small": (9, 1_000), "medium": (1_002, 300), "large": (4_999, 200)}
CONNECTIONS = 32
# The people whose requests are mixed: as many task forces as there are connections, as far as there are so many.
MEMBERS = 32
TICKS = os.sysconf("SC_CLK_TCK")


def fail(message):
    sys.exit(f"bench: {message}")


class Api:
    """The service over HTTP, as one person."""

    def __init__(self, url, token=""):
        self.url, self.token = url, token

    def ask(self, method, path, body=None, content_type="application/json", headers=()):
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, dict(headers), method=method)
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        if data is not None:
            request.add_header("Content-Type", content_type)
        try:
            with urllib.request.urlopen(request) as answer:
                text = answer.read()
                return (json.loads(text) if text else None), answer.headers
        except urllib.error.HTTPError as error:
            fail(f"{method} {path}: {error.code} {error.read().decode()[:500]}")

    def sign_in(self, email):
        answer, _ = self.ask("POST", "/v1/auth/login", {"email": email, "password": PASSWORD})
        return Api(self.url, answer["accessToken"])


class Process:
    """A process that the benchmark started, with what it has used."""

    def __init__(self, command, env, log):
        self.log = open(log, "ab")
        self.process = subprocess.Popen(command, env={**os.environ, **env}, stdout=self.log, stderr=self.log)

    def cpu(self):
        return cpu_of(self.process.pid)

    def resident_mib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)


def stat(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return None


def cpu_of(pid, with_ended_children=False):
    """The processor time of a process, in seconds."""
    fields = stat(pid)
    if fields is None:
        return 0
    return sum(int(field) for field in fields[11 : 15 if with_ended_children else 13]) / TICKS


class Postgres:
    """The private server of the service."""

    def __init__(self, data_dir):
        self.url = (data_dir / "database-url").read_text().strip()
        self.log = data_dir / "postgres.log"
        self.postmaster = self.parent_of_backends()

    def parent_of_backends(self):
        """The process whose children serve the connections, by a connection that stays open meanwhile."""
        command = ["psql", self.url, "-AtqX", "-c", "select pg_backend_pid()", "-c", "select pg_sleep(60)"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as session:
            parent = int(stat(int(session.stdout.readline()))[1])
            session.terminate()
        return parent

    def sql(self, text, *options):
        result = subprocess.run(["psql", self.url, "-AtqX", "-v", "ON_ERROR_STOP=1", *options, "-c", text], capture_output=True, text=True)
        return result.stdout if result.returncode == 0 else fail(result.stderr.strip())

    def parameter_types(self, statement):
        """The types that Postgres gives to `$1`, `$2` and so on: pgbench makes a parameter of each place where one is used."""
        types = "select array_to_json(parameter_types::text[]) from pg_prepared_statements where name = 'asked'"
        return json.loads(self.sql(types, "-c", f"prepare asked as {statement}"))

    def fill(self, template, copies):
        command = ["psql", self.url, "-qX", "-v", f"template={template}", "-v", f"copies={copies}", "-f", str(HERE / "fill.sql")]
        if subprocess.run(command, stdout=subprocess.DEVNULL).returncode:
            fail("the database could not be filled")

    def cpu(self):
        pids = (path.name for path in pathlib.Path("/proc").iterdir() if path.name.isdigit())
        children = [pid for pid in pids if (fields := stat(pid)) and int(fields[1]) == self.postmaster]
        return cpu_of(self.postmaster, with_ended_children=True) + sum(map(cpu_of, children))


def statements_of(postgres, ask):
    """The statements that one request sends, with their parameters, as Postgres logs them."""
    role = "alter role taskforce"
    try:
        postgres.sql(f"{role} set log_min_duration_statement = 0")
        postgres.sql(f"{role} set log_error_verbosity = 'default'")
        reconnect(postgres)
        # The second request of a connection sends what every later one sends.
        for _ in range(24):
            ask()
        time.sleep(0.2)
        start = postgres.log.stat().st_size
        ask()
        time.sleep(0.5)
        with postgres.log.open("rb") as log:
            log.seek(start)
            text = log.read().decode(errors="replace")
    finally:
        postgres.sql(f"{role} reset all")
        reconnect(postgres)
        ask()
    detail = re.compile(r"DETAIL:  [Pp]arameters: (.*)", re.S)
    found, entries = [], re.split(r"(?m)^(?=\d{4}-\d\d-\d\d )", text)
    for index, line in enumerate(entries):
        match = re.search(r"LOG:  duration: [\d.]+ ms  execute [^:]+: (.*)", line, re.S)
        if match:
            following = entries[index + 1] if index + 1 < len(entries) else ""
            values = detail.search(following)
            found.append((match[1].strip(), parameters(values[1]) if values else []))
    return found


def reconnect(postgres):
    postgres.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'taskforce' and pid <> pg_backend_pid()")
    time.sleep(0.3)


def parameters(text):
    """The values of `$1 = 'a', $2 = NULL`; None for NULL."""
    found = re.findall(r"\$\d+ = (NULL|'(?:[^']|'')*')", text)
    return [None if value == "NULL" else value[1:-1].replace("''", "'") for value in found]


def pgbench(postgres, statements, seconds, connections, directory):
    """Transactions per second of these statements, prepared, and the processor time of each in microseconds."""
    lines, variables = [], []
    for text, values in statements:
        types = postgres.parameter_types(text)
        names = [f"v{len(lines)}_{number}" for number in range(len(values))]
        # pgbench has no variables that are null or empty.
        variables += [f"{name}={value}" for name, value in zip(names, values) if value]

        def typed(match):
            number = int(match[1]) - 1
            value = f":{names[number]}" if values[number] else "null" if values[number] is None else "''"
            return f"({value}::{types[number]})"

        lines.append(re.sub(r"\$(\d+)", typed, text).replace("\n", " ") + ";")
    return run_pgbench(postgres, "\n".join(lines), variables, seconds, connections, directory)


def run_pgbench(postgres, script, variables, seconds, connections, directory):
    path = directory / "pgbench.sql"
    path.write_text(script)
    command = ["pgbench", postgres.url, "-n", "-M", "prepared", "-f", str(path), "-c", str(connections), "-j", "2", "-T", str(seconds)]
    for variable in variables:
        command += ["-D", variable]
    before = postgres.cpu()
    result = subprocess.run(command, capture_output=True, text=True)
    used = postgres.cpu() - before
    rate = re.search(r"tps = ([\d.]+)", result.stdout)
    if result.returncode or not rate:
        fail(f"pgbench: {result.stderr.strip()[:600]}")
    count = int(re.search(r"actually processed: (\d+)", result.stdout)[1])
    return {"rate": float(rate[1]), "postgresCpuMicros": used / count * 1e6}


class Bench:
    def __init__(self, options, directory):
        self.options, self.directory = options, directory
        self.port, self.floor_port = options.port, options.port + 1
        self.url = f"http://127.0.0.1:{self.port}"
        self.run_number = 0
        self.results = []

    def start_service(self):
        env = {
            "TASKFORCE_DATA_DIR": str(self.directory / "data"),
            "TASKFORCE_BIND": f"127.0.0.1:{self.port}",
            "TASKFORCE_DEMO_PASSWORD": PASSWORD,
            "TASKFORCE_RATE_LIMIT": "0",
            "TASKFORCE_RATE_JSON_MIB": "0",
            "TASKFORCE_CONNECTIONS_PER_ADDRESS": "10000",
            "TASKFORCE_MAX_CONNECTIONS": "10000",
            "RUST_LOG": "warn",
        }
        began = time.monotonic()
        service = Process([self.options.service, "demo"], env, self.directory / "service.log")
        while service.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/health/ready", timeout=1) as answer:
                    if answer.status == 200:
                        return service, time.monotonic() - began
            except OSError:
                time.sleep(0.01)
        fail(f"the service does not start: {(self.directory / 'service.log').read_text()[-600:]}")

    def write_template(self, activities):
        """One active task force whose members have as many activities, a third of them begun."""
        admin = Api(self.url).sign_in("administrator@demo.example")
        people = []
        for number in range(5):
            email = f"bench{number}@bench.example"
            person = {"email": email, "name": {"en": f"Member {number}", "ar": f"عضو {number}"}, "role": "expert", "locale": "en"}
            user, _ = admin.ask("POST", "/v1/users", person)
            Api(self.url).ask("POST", "/v1/auth/invitations/accept", {"token": user["invitationToken"], "password": PASSWORD})
            people.append({"userId": user["user"]["id"] if "user" in user else user["id"], "role": "chair" if number == 0 else "expert", "expertise": "Data"})
        secretariat = Api(self.url).sign_in("secretariat@demo.example")
        name = {"en": "Benchmark", "ar": "قياس"}
        created, headers = secretariat.ask("POST", "/v1/task-forces", {"name": name, "city": name, "mandate": name, "timeZone": "Asia/Amman", "members": people})
        task_force = f"/v1/task-forces/{created['id']}"
        secretariat.ask("POST", f"{task_force}/transitions", {"to": "active"}, headers={"If-Match": headers["ETag"]}.items())
        chair = Api(self.url).sign_in("bench0@bench.example")
        for first in range(0, activities, 500):
            rows = ["Title (English),Title (Arabic),Due date,Step"]
            for number in range(first, min(first + 500, activities)):
                rows.append(f"Prepare part {number},إعداد الجزء {number},2027-{number % 12 + 1:02}-{number % 28 + 1:02},policy")
            chair.ask("POST", f"{task_force}/activities/import", "\n".join(rows).encode(), "text/csv")
        page = f"{task_force}/activities?limit=100&sort=number"
        items, after = [], None
        while True:
            answer, _ = chair.ask("GET", page + (f"&cursor={after}" if after else ""))
            items += answer["items"]
            after = answer["next"]
            if after is None:
                break
        # Two transitions each: three events per activity.
        for item in items:
            for state, version in [("inProgress", 1), ("blocked", 2)]:
                body = {"to": state, **({"reason": {"en": "Waits", "ar": "ينتظر"}} if state == "blocked" else {})}
                chair.ask("POST", f"{task_force}/activities/{item['id']}/transitions", body, headers={"If-Match": f'"{version}"'}.items())
        return created["id"], [item["id"] for item in items]

    def members(self, template, activities, count):
        """Signed-in members of different task forces, each with the paths of its task force."""
        people = []
        for copy in range(1, count + 1):
            own = lambda id: id[:31] + f"{copy:05x}"
            api = Api(self.url).sign_in(f"bench0+{copy}@bench.example")
            step = max(1, len(activities) // 20)
            people.append((api, own(template), [own(id) for id in activities[::step]]))
        return people

    def drive(self, port, targets, seconds, connections, processes):
        """Runs wrk with these targets; the processor times are those of the given processes."""
        self.run_number += 1
        path = self.directory / "targets.tsv"
        path.write_text("".join("\t".join(target) + "\n" for target in targets))
        env = {**os.environ, "BENCH_TARGETS": str(path), "BENCH_RUN": str(self.run_number)}
        command = ["wrk", "-t", str(min(2, connections)), "-c", str(connections), "-d", f"{seconds}s", "-s", str(HERE / "load.lua"), f"http://127.0.0.1:{port}"]
        before = {name: process.cpu() for name, process in processes.items()}
        result = subprocess.run(command, capture_output=True, text=True, env=env)
        line = result.stdout.strip().splitlines()[-1:] or [""]
        if result.returncode or not line[0].startswith("{"):
            fail(f"wrk: {result.stdout[-300:]} {result.stderr[-300:]}")
        figures = json.loads(line[0])
        requests = max(1, figures["requests"])
        figures["rate"] = figures["requests"] / figures["seconds"]
        for name, process in processes.items():
            figures[f"{name}CpuMicros"] = (process.cpu() - before[name]) / requests * 1e6
        return figures

    def measure(self, name, targets, floor=None, statements=None, script=None, connections=CONNECTIONS):
        """One row of the table: the service, the floor and Postgres alone, one after the other."""
        seconds, row = self.options.seconds, {"name": name, "connections": connections}
        # A short run first, in which connections are made and statements are prepared.
        if targets[0][0] == "GET":
            self.drive(self.port, targets, 1, connections, {})
        row["service"] = self.drive(self.port, targets, seconds, connections, {"service": self.service, "postgres": self.postgres})
        row["service"]["residentMib"] = self.service.resident_mib()
        if floor:
            self.drive(self.floor_port, floor, 1, connections, {})
            row["floor"] = self.drive(self.floor_port, floor, seconds, connections, {"floor": self.floor, "postgres": self.postgres})
        if statements:
            row["statements"] = len(statements)
            row["pgbench"] = pgbench(self.postgres, statements, seconds, connections, self.directory)
        if script:
            row["pgbench"] = run_pgbench(self.postgres, *script, seconds, connections, self.directory)
        self.results.append(row)
        print(f"bench: {name}: {row['service']['rate']:.0f}/s", file=sys.stderr)

    def run(self):
        copies, activities = SCALES[self.options.scale]
        self.service, _ = self.start_service()
        self.floor = None
        try:
            print("bench: writing the template", file=sys.stderr)
            template, ids = self.write_template(activities)
            self.postgres = Postgres(self.directory / "data")
            print(f"bench: copying {copies} task forces", file=sys.stderr)
            self.postgres.fill(template, copies)
            self.service.stop()
            self.service, start = self.start_service()
            self.postgres = Postgres(self.directory / "data")
            figures = {"startSeconds": start, "residentAfterStartMib": self.service.resident_mib()}
            floor_env = {"DATABASE_URL": self.postgres.url}
            self.floor = Process([self.options.floor, f"127.0.0.1:{self.floor_port}"], floor_env, self.directory / "floor.log")
            self.scenarios(self.members(template, ids, min(copies, MEMBERS)))
            figures["residentAtEndMib"] = self.service.resident_mib()
            return {**figures, "scale": self.options.scale, "taskForces": copies + 1, "activities": (copies + 1) * activities, "rows": self.results}
        finally:
            for process in (self.floor, self.service):
                if process:
                    process.stop()

    def scenarios(self, members):
        get = lambda api, path, etag="": ("GET", path, api.token, etag, "")
        bare = lambda path: ("GET", path, "", "", "")
        tf = lambda id: f"/v1/task-forces/{id}"
        first, first_id, first_activities = members[0]

        one = f"{tf(first_id)}/activities/{first_activities[0]}"
        self.measure(
            "one activity",
            [get(api, f"{tf(id)}/activities/{activity}") for api, id, activities in members for activity in activities],
            [bare(f"/{id}/activities/{activity}") for _, id, activities in members for activity in activities],
            statements_of(self.postgres, lambda: first.ask("GET", one)),
        )
        self.measure(
            "list of 25",
            [get(api, f"{tf(id)}/activities?limit=25&sort=number") for api, id, _ in members],
            [bare(f"/{id}/activities") for _, id, _ in members],
            statements_of(self.postgres, lambda: first.ask("GET", f"{tf(first_id)}/activities?limit=25&sort=number")),
        )
        kept = []
        for api, id, _ in members:
            _, headers = api.ask("GET", f"{tf(id)}/status")
            kept.append(get(api, f"{tf(id)}/status", headers["ETag"]))
        self.measure("status, unchanged", kept, [bare(f"/{id}/head") for _, id, _ in members])
        self.measure("GET /v1, no database", [bare("/v1")])

        # One row and one event of the same sizes in one transaction, with the lock of the task force.
        def writes(ids):
            script = "\n".join([
                rf"\set n random(1, {len(ids)})",
                "begin;",
                "select seq + 1 as seq, last_activity_number + 1 as number, task_force_id as id from task_force_heads"
                " where task_force_id = (:ids::uuid[])[:n] for update \\gset",
                "insert into activities (task_force_id, id, number, cycle, step, title, priority, review_required, state, state_since, created_at, updated_at)"
                " values (:id, gen_random_uuid(), :number, 1, 'policy', :title::jsonb, 'normal', false, 'planned', now(), now(), now());",
                "insert into events (task_force_id, seq, id, at, actor_id, action, subject_kind, subject_id, body, previous_hash, hash)"
                " values (:id, :seq, gen_random_uuid(), now(), null, 'activity.created', 'activity', gen_random_uuid(), :body,"
                " sha256('a'), sha256(sha256('a') || convert_to(:body, 'UTF8')));",
                "update task_force_heads set seq = :seq, last_activity_number = :number, changed_at = now() where task_force_id = :id;",
                "commit;",
            ])
            title = json.dumps({"en": "Prepare the plan", "ar": "إعداد الخطة"})
            body = json.dumps({"changes": {"title": {"after": json.loads(title), "before": None}}, "filler": "x" * 400})
            return script, ["ids={" + ",".join(ids) + "}", f"title={title}", f"body={body}"]

        body = json.dumps({"title": {"en": "Prepare the plan {n}", "ar": "إعداد الخطة {n}"}, "step": "policy"})
        create = lambda api, id: ("POST", f"{tf(id)}/activities", api.token, "", body)
        # pgbench writes into task forces of its own, since its events are no chain.
        spare = members[len(members) // 2 :]
        last, last_id, _ = members[-1]
        self.measure("create, 1 connection", [create(last, last_id)], script=writes([spare[0][1]]), connections=1)
        many = members[: max(1, len(members) // 2)]
        self.measure("create, many task forces", [create(api, id) for api, id, _ in many], script=writes([id for _, id, _ in spare]))
        self.measure("create, one task force", [create(members[1][0], members[1][1])], script=writes([spare[0][1]]))


def table(result):
    """The figures as a table in Markdown."""
    number = lambda value, digits=0: "" if value is None else f"{value:,.{digits}f}"
    lines = [
        "| request | connections | requests/s | p50 ms | p99 ms | CPU of the service µs | CPU of Postgres µs | statements | floor/s | of the floor | pgbench/s | of pgbench | not 2xx |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        service, floor, pure = row["service"], row.get("floor"), row.get("pgbench")
        rate = service["rate"]
        lines.append("| " + " | ".join([
            row["name"], str(row["connections"]), number(rate), number(service["p50Ms"], 2), number(service["p99Ms"], 2),
            number(service["serviceCpuMicros"]), number(service["postgresCpuMicros"]), str(row.get("statements", "")),
            number(floor and floor["rate"]), number(floor and rate / floor["rate"], 2),
            number(pure and pure["rate"]), number(pure and rate / pure["rate"], 2),
            str(service["refused"] + service["failed"]),
        ]) + " |")
    memory = f"Resident memory: {result['residentAfterStartMib']:.0f} MiB after the start, {result['residentAtEndMib']:.0f} MiB at the end. Start: {result['startSeconds']:.2f} s."
    size = f"Scale {result['scale']}: {result['taskForces']:,} task forces, {result['activities']:,} activities; {os.cpu_count()} processors for load, service and Postgres."
    return "\n".join([*lines, "", memory, size])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--service", required=True)
    parser.add_argument("--floor", required=True)
    parser.add_argument("--scale", choices=SCALES, default="medium")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--port", type=int, default=18080)
    parser.add_argument("--json")
    parser.add_argument("--dir", help="an empty directory for the data, which is kept")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="taskforce-bench-") as temporary:
        result = Bench(options, pathlib.Path(options.dir or temporary)).run()
    print(table(result))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
