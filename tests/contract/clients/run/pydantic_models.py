"""datamodel-code-generator: bodies are made and answers are read by the generated pydantic models."""

import os

import httpx
import models
from pydantic import ValidationError

URL, PASSWORD = os.environ["TASKFORCE_URL"], os.environ["TASKFORCE_PASSWORD"]

with httpx.Client(base_url=URL) as api:
    # A model of the credentials would hide the password, also when it is dumped.
    credentials = {"email": "chair@demo.example", "password": PASSWORD}
    session = models.SessionTokens.model_validate_json(api.post("/v1/auth/login", json=credentials).content)
    api.headers["Authorization"] = f"Bearer {session.accessToken}"

    me = models.CurrentUser.model_validate_json(api.get("/v1/me").content)
    activities = f"/v1/task-forces/{me.memberships[0].taskForce.id}/activities"

    title = {"ar": "تجربة النماذج", "en": "Try the models"}
    body = models.NewActivity.model_validate({"title": title, "step": "pilots"})
    answer = api.post(activities, json=body.model_dump(mode="json", exclude_unset=True))
    assert answer.status_code == 201, answer.text
    created = models.Activity.model_validate_json(answer.content)
    assert created.model_dump(mode="json")["title"]["ar"] == title["ar"]

    page = models.ActivityPage.model_validate_json(api.get(activities, params={"limit": 2}).content)
    assert len(page.items) == 2 and page.next is not None
    try:
        models.NewActivity.model_validate({"title": {"ar": ""}, "step": "pilots"})
    except ValidationError:
        pass
    else:
        raise AssertionError("the models take an empty title")
