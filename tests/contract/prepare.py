"""Prepares a running demo for schemathesis: two users, and the id of one resource of every kind.

Usage: prepare.py <address> <password> <template> <folder> <user> <peer>

The script writes schemathesis.toml and wfc.yaml (the users, in the format of Web Fuzzing Commons) into the folder. The
script uses only the standard library, so that no package has to be installed.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request

BASE, PASSWORD, TEMPLATE, FOLDER, USER, PEER = sys.argv[1:]
HOOKS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "hooks.py")


def call(method, path, token=None, body=None, headers=None):
    request = urllib.request.Request(BASE + path, method=method)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read() or b"null")


def sign_in(who):
    credentials = {"email": f"{who}@demo.example", "password": PASSWORD}
    return call("POST", "/v1/auth/login", body=credentials)["accessToken"]


def key_of(who):
    """A new API key, which schemathesis may revoke."""
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86400))
    new = {"name": "contract", "scopes": ["read", "write"], "expiresAt": until}
    return call("POST", "/v1/api-keys", sign_in(who), new)


def first(path, token, wanted=lambda item: True):
    """The id of the first item of a list that has the wanted property."""
    return next((item["id"] for item in call("GET", f"{path}limit=100", token)["items"] if wanted(item)), None)


def things():
    """Ids of one resource of every kind, in the active task force. Resources that schemathesis may delete are created here."""
    chair, secretariat = sign_in("chair"), sign_in("secretariat")
    task_force = call("GET", "/v1/me", chair)["memberships"][0]["taskForce"]["id"]
    base = f"/v1/task-forces/{task_force}"

    def new(path, body):
        return call("POST", base + path, chair, body)["id"]

    def named(text):
        return {"en": text, "ar": "للتجربة"}

    found = {"taskForceId": task_force}
    found["activityId"] = new("/activities", {"title": named("Contract"), "step": "pilots"})
    found["dependsOnId"] = new("/activities", {"title": named("Contract, before"), "step": "report"})
    found["commentId"] = new(f"/activities/{found['activityId']}/comments", {"text": "A word"})
    found["policyId"] = first(f"{base}/policies?", chair)
    found["sectorId"] = first(f"{base}/sectors?", chair)
    found["assessmentId"] = first(f"{base}/sectors/{found['sectorId']}/assessments?", chair)
    found["studyId"] = first(f"{base}/sectors/{found['sectorId']}/studies?", chair)
    found["pilotId"] = first(f"{base}/pilots?", chair)
    indicators = f"/pilots/{found['pilotId']}/indicators"
    found["indicatorId"] = first(f"{base}{indicators}?", chair) or new(
        indicators, {"name": named("Contract"), "unit": "%", "direction": "up", "target": "50"}
    )
    found["measurementId"] = first(f"{base}{indicators}/{found['indicatorId']}/measurements?", chair)
    found["evidenceId"] = first(f"{base}/evidence?", chair)
    found["memberId"] = first(f"{base}/members?", chair, lambda member: member["role"] == "expert")
    found["shareLinkId"] = new("/share-links", {"page": "status"})
    found["webhookId"] = new("/webhooks", {"name": "Contract", "url": "https://hooks.city.example/"})
    found["deliveryId"] = new(f"/webhooks/{found['webhookId']}/deliveries", {})
    found["submissionId"] = first(f"{base}/steps/policy/submissions?", chair)

    user = {"email": "contract@demo.example", "name": named("Contract"), "role": "expert", "locale": "en"}
    try:
        found["userId"] = call("POST", "/v1/users", secretariat, user)["id"]
    except urllib.error.HTTPError as refused:
        if refused.code != 409:
            raise
        found["userId"] = first("/v1/users?q=contract&", secretariat)
    own = sign_in(USER)
    # The newest session is the session just begun. Schemathesis may end this session, since its requests use another.
    found["sessionId"] = first("/v1/me/sessions?", own)
    found["apiKeyId"] = key_of(USER)["id"]
    found["calendarLinkId"] = call("POST", "/v1/me/calendar-links", own, {})["id"]

    # Random transitions dissolve the task force sooner or later, so transitions get a task force of their own.
    spare = {"name": named("Contract"), "city": named("Contract"), "mandate": named("Contract"), "timeZone": "UTC"}
    spare = call("POST", "/v1/task-forces", secretariat, spare)["id"]
    return {name: value for name, value in found.items() if value}, spare


def cannot_tell(document):
    """Operations that refuse values that their schema allows: a cursor that no list returned, an unknown id, a step to
    return to with a recommendation that has no return, a file with content of another type."""
    yield from ("createReport", "uploadEvidence")
    for path in document["paths"].values():
        for operation in path.values():
            names = {parameter.get("name") or parameter["$ref"].split("/")[-1].removesuffix("Param").lower() for parameter in operation.get("parameters", [])}
            if "cursor" in names or "unknownReference" in operation.get("x-problem-codes", {}).get("400", []):
                yield operation["operationId"]


def main():
    found, spare = things()
    with open(TEMPLATE, encoding="utf-8") as file:
        settings = file.read().replace("@user@", USER).replace("@peer@", PEER)
    settings = f"hooks = {json.dumps(HOOKS)}\n{settings}"
    ids = json.dumps(sorted(cannot_tell(call("GET", "/v1/openapi.json"))))
    settings += f"""
[[operations]]
include-operation-id = {ids}
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 403, 404, 409, 412, 422]

# Random passwords are wrong, and after too many guesses every request is refused.
[[operations]]
include-operation-id = ["signIn", "refreshSession", "acceptInvitation", "changePassword", "resetPassword"]
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 403, 429]

# The service under test has no mail server.
[[operations]]
include-operation-id = ["requestPasswordReset"]
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 409, 429]

[[operations]]
include-operation-id = ["transitionTaskForce"]
parameters = {{ "path.taskForceId" = "{spare}" }}

[parameters]
"""
    settings += "".join(f'"path.{name}" = "{value}"\n' for name, value in found.items())
    with open(f"{FOLDER}/schemathesis.toml", "w", encoding="utf-8") as file:
        file.write(settings)
    with open(f"{FOLDER}/wfc.yaml", "w", encoding="utf-8") as file:
        file.write("auth:\n")
        for who in (USER, PEER):
            # An access token of a person, since keys have fewer rights. The token is valid for a quarter of an hour, which is
            # long enough for one pair of users.
            secret = sign_in(who)
            header = f"{{name: Authorization, value: Bearer {secret}}}"
            file.write(f"  - {{name: {who}, fixedHeaders: [{header}]}}\n")


main()
