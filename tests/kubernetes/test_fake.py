"""The fake cluster behaves as Kubernetes does, as far as the real client can see."""

import time

import pytest
from kubernetes.client import ApiException, V1DeleteOptions, V1Preconditions

from kubernetes import watch
from tests.kubernetes.pods import SHELL, SLEEP, changes, ended, follow_to, log, pod, waiting

NS = "nights"


def test_a_pod_goes_from_pending_to_succeeded(fake, api):
    made = api.create_namespaced_pod(NS, pod("sleep 0.1"))
    assert made.status.phase == "Pending"
    seen = []
    for found in changes(api, made):
        seen += [found.status.phase] if found.status.phase not in seen else []
        if found.status.phase == "Succeeded":
            break

    assert seen == ["Pending", "Running", "Succeeded"]


def test_a_watch_begins_with_the_pods_that_are_there(fake, api):
    api.create_namespaced_pod(NS, pod())
    fake.wait()
    change = next(watch.Watch().stream(api.list_namespaced_pod, NS, timeout_seconds=120))

    assert (change["type"], change["object"].status.phase) == ("ADDED", "Succeeded")


def test_a_pod_that_ended_well_shows_it_everywhere(fake, api):
    api.create_namespaced_pod(NS, pod("true"))
    fake.wait()
    status = api.read_namespaced_pod("p", NS).status
    (container,) = status.container_statuses

    assert container.state.terminated.reason == "Completed"
    assert container.state.terminated.started_at <= container.state.terminated.finished_at
    conditions = {c.type: (c.status, c.reason) for c in status.conditions}
    assert conditions["PodScheduled"] == ("True", None)
    assert conditions["Ready"] == ("False", "PodCompleted")
    assert status.pod_ip
    assert status.start_time


def test_a_pod_that_runs_is_ready_and_has_a_node(fake, api):
    api.create_namespaced_pod(NS, pod(SLEEP))
    fake.wait(phase="Running")
    found = api.read_namespaced_pod("p", NS)
    conditions = {c.type: c.status for c in found.status.conditions}

    assert conditions == dict.fromkeys(("PodScheduled", "Initialized", "Ready", "ContainersReady"), "True")
    assert found.spec.node_name == "node-1"


def test_the_exit_code_and_the_last_lines_of_a_failed_pod_are_shown(fake, api):
    lines = {"terminationMessagePolicy": "FallbackToLogsOnError"}
    api.create_namespaced_pod(NS, pod("echo first; echo last >&2; exit 7", container=lines))
    body = fake.wait()

    assert body["status"]["phase"] == "Failed"
    assert ended(body) | {"startedAt": 0, "finishedAt": 0} == {
        "exitCode": 7,
        "reason": "Error",
        "message": "first\nlast\n",
        "startedAt": 0,
        "finishedAt": 0,
    }


def test_a_termination_message_is_the_end_of_a_long_log(fake, api):
    lines = {"terminationMessagePolicy": "FallbackToLogsOnError"}
    api.create_namespaced_pod(NS, pod("seq 1 1000; exit 1", container=lines))
    message = ended(fake.wait())["message"]

    assert message.split() == [str(n) for n in range(921, 1001)]


def test_a_command_that_is_not_there_is_a_start_error(fake, api):
    api.create_namespaced_pod(NS, pod(container={"command": ["/no/such"]}))

    assert ended(fake.wait())["reason"] == "StartError"
    assert ended(fake.pod())["exitCode"] == 128


def test_a_command_takes_the_place_of_the_entrypoint(fake, api):
    api.create_namespaced_pod(
        NS,
        pod(
            container={"command": ["/bin/echo"], "args": ["$(WHO)", "$$(WHO)"]}
            | {"env": [{"name": "WHO", "value": "you"}]}
        ),
    )
    fake.wait()

    assert log(api) == "you $(WHO)\n"


def test_variables_come_from_values_fields_and_secrets(fake, api):
    env = [
        {"name": "A", "value": "1"},
        {"name": "B", "value": "$(A)2"},
        {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['day']"}}},
        {"name": "D", "valueFrom": {"secretKeyRef": {"name": "key", "key": "word"}}},
    ]
    api.create_namespaced_pod(NS, pod("echo $A $B $C $D", labels={"day": "x"}, container={"env": env}))
    fake.wait()

    assert log(api) == "1 12 x sesame\n"


def test_a_missing_secret_keeps_the_container_waiting(fake, api):
    env = [{"name": "D", "valueFrom": {"secretKeyRef": {"name": "no", "key": "word"}}}]
    api.create_namespaced_pod(NS, pod(container={"env": env}))
    state = waiting(fake, "CreateContainerConfigError")

    assert state["message"] == 'secret "no" not found'


def test_a_mounted_folder_is_shared_and_ends_with_the_pod(fake, api):
    mount = [{"name": "scratch", "mountPath": "/scratch"}]
    first = {"name": "first", "image": SHELL, "args": ["echo hello > $DIR/it"], "volumeMounts": mount}
    first["env"] = [{"name": "DIR", "value": "/scratch"}]
    second = {"volumeMounts": mount, "command": ["/bin/cat"], "args": ["/scratch/it"]}
    made = pod(container=second, initContainers=[first], volumes=[{"name": "scratch", "emptyDir": {}}])
    api.create_namespaced_pod(NS, made)
    fake.wait(phase="Succeeded")

    assert log(api, container="base") == "hello\n"
    assert list((fake.folder / "pods").rglob("it")) == []


def test_a_failed_init_container_fails_the_pod_before_it_runs(fake, api):
    first = {"name": "first", "image": SHELL, "args": ["exit 3"]}
    api.create_namespaced_pod(NS, pod("true", initContainers=[first]))
    body = fake.wait()

    assert body["status"]["phase"] == "Failed"
    assert "waiting" in body["status"]["containerStatuses"][0]["state"]


def test_a_pod_past_its_deadline_is_ended(fake, api):
    api.create_namespaced_pod(NS, pod(SLEEP, activeDeadlineSeconds=1))
    body = fake.wait()

    assert body["status"]["reason"] == "DeadlineExceeded"
    assert ended(body)["exitCode"] == 143


def test_an_image_that_is_not_there_is_told_in_status_and_events(fake, api):
    api.create_namespaced_pod(NS, pod(container={"image": "registry.example/none:1"}))
    state = waiting(fake, "ImagePullBackOff")

    assert "registry.example/none:1" in state["message"]
    assert 'BackOff: Back-off pulling image "registry.example/none:1"' in fake.events()
    assert fake.pod()["status"]["phase"] == "Pending"


def test_a_deleted_pod_is_asked_to_end_and_then_gone(fake, api, gate):
    program = f'trap "{gate.wait}; exit 0" TERM; echo up; while :; do sleep 0.05; done'
    api.create_namespaced_pod(NS, pod(program))
    follow_to(fake, api, "up")
    api.delete_namespaced_pod("p", NS, grace_period_seconds=300)

    assert api.read_namespaced_pod("p", NS).metadata.deletion_timestamp
    gate.open()
    fake.wait_gone(seconds=120)


def test_a_stubborn_pod_is_killed_after_its_grace(fake, api):
    program = "trap '' TERM; echo up; while :; do sleep 0.05; done"
    api.create_namespaced_pod(NS, pod(program, terminationGracePeriodSeconds=300))
    follow_to(fake, api, "up")
    begun = time.monotonic()
    api.delete_namespaced_pod("p", NS, grace_period_seconds=1)
    fake.wait_gone(seconds=120)

    assert time.monotonic() - begun > 0.9


def test_a_pod_deleted_without_grace_is_gone_at_once(fake, api):
    api.create_namespaced_pod(NS, pod(SLEEP))
    fake.wait(phase="Running")
    api.delete_namespaced_pod("p", NS, grace_period_seconds=0)

    with pytest.raises(ApiException) as refusal:
        api.read_namespaced_pod("p", NS)
    assert refusal.value.status == 404


def test_a_pod_of_another_uid_is_not_deleted(fake, api):
    api.create_namespaced_pod(NS, pod(SLEEP))
    with pytest.raises(ApiException) as refusal:
        api.delete_namespaced_pod("p", NS, body=V1DeleteOptions(preconditions=V1Preconditions(uid="x")))

    assert refusal.value.status == 409


def test_a_name_is_taken_once(fake, api):
    api.create_namespaced_pod(NS, pod())
    with pytest.raises(ApiException) as refusal:
        api.create_namespaced_pod(NS, pod())

    assert refusal.value.status == 409
    assert 'pods \\"p\\" already exists' in refusal.value.body


def test_a_generated_name_is_new_each_time(fake, api):
    made = pod()
    made["metadata"] = {"generateName": "p-"}
    names = {api.create_namespaced_pod(NS, made).metadata.name for _ in range(3)}

    assert len(names) == 3


def test_labels_are_patched_and_the_spec_is_not(fake, api):
    api.create_namespaced_pod(NS, pod(labels={"a": "1", "b": "1"}))
    api.patch_namespaced_pod("p", NS, {"metadata": {"labels": {"a": "2", "b": None}}})
    assert api.read_namespaced_pod("p", NS).metadata.labels == {"a": "2"}

    with pytest.raises(ApiException) as refusal:
        api.patch_namespaced_pod("p", NS, {"spec": {"nodeName": "elsewhere"}})
    assert refusal.value.status == 422


def test_a_dry_run_makes_no_pod(fake, api):
    api.create_namespaced_pod(NS, pod(), dry_run="All")

    assert fake.pods() == []


def test_events_tell_a_pods_story_in_order(fake, api):
    api.create_namespaced_pod(NS, pod())
    fake.wait()
    found = api.list_namespaced_event(NS, field_selector="involvedObject.name=p").items

    assert [event.reason for event in found] == ["Scheduled", "Pulled", "Created", "Started"]


def test_events_can_be_watched(fake, api):
    api.create_namespaced_pod(NS, pod())
    stream = watch.Watch().stream(api.list_namespaced_event, NS, timeout_seconds=120)

    assert next(change["object"].reason for change in stream if change["object"].reason == "Started")


def test_fields_select_pods(fake, api):
    api.create_namespaced_pod(NS, pod("true", name="short"))
    api.create_namespaced_pod(NS, pod(SLEEP, name="long"))
    fake.wait("short")
    fake.wait("long", "Running")

    found = api.list_namespaced_pod(NS, field_selector="status.phase!=Succeeded,metadata.name=long").items
    assert [item.metadata.name for item in found] == ["long"]
    with pytest.raises(ApiException, match="field label not supported"):
        api.list_namespaced_pod(NS, field_selector="spec.image=x")


def test_the_quota_of_a_namespace_is_kept(fake, api):
    room = {"container": {"resources": {"limits": {"memory": "512Mi"}}}}
    api.create_namespaced_pod("small", pod(SLEEP, name="one", **room))
    with pytest.raises(ApiException) as refusal:
        api.create_namespaced_pod("small", pod(name="two", **room))
    assert "exceeded quota: little, requested: pods=1, used: pods=1, limited: pods=1" in refusal.value.body

    with pytest.raises(ApiException, match=r"must specify limits\.memory for: base"):
        api.create_namespaced_pod("small", pod(name="three"))
