"""Serves the local AWS engine until standard input closes.

Usage: python -I serve.py STATE_FOLDER, with the engine's settings in the environment.

Whoever started this holds the other end of standard input. When it goes away,
however it went, this process group ends with it: the engine, and the functions
that the engine started.
"""

import contextvars
import functools
import json
import os
import shutil
import signal
import sys
import threading
import unicodedata


def end_with_the_owner(state_folder):
    """Waits for the end of standard input, then leaves nothing behind."""
    while os.read(0, 4096):
        pass
    shutil.rmtree(state_folder, ignore_errors=True)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def keep_message_attributes(sns):
    """A publish by Step Functions keeps its attributes, as on AWS.

    The engine reads them in the form of SNS's query protocol alone; a task's
    arguments carry them as an object, and they were lost.
    """
    parse = sns._parse_message_attributes

    def message_attributes(params):
        given = params.get("MessageAttributes")
        return given if isinstance(given, dict) else parse(params)

    sns._parse_message_attributes = message_attributes


def refuse_bad_subjects(sns):
    """A subject is fewer than 100 characters, none of them a control character, as on AWS."""
    publish = sns.publish_internal

    @functools.wraps(publish)
    def checked(topic_arn, message, subject=None, *args, **kwargs):
        subject = subject or ""
        if len(subject) >= 100 or any(unicodedata.category(c) == "Cc" for c in subject):
            raise sns.SnsPublishError("InvalidParameter", "Invalid parameter: Subject")
        return publish(topic_arn, message, subject, *args, **kwargs)

    sns.publish_internal = checked


def tell_the_version(s3, eventbridge):
    """"Object Created" of a versioned bucket names the version, as on AWS."""
    version = contextvars.ContextVar("version", default=None)
    fire, dispatch = s3._fire_s3_event, eventbridge._dispatch_event

    @functools.wraps(fire)
    def fire_with_version(*args, version_id=None, **kwargs):
        token = version.set(version_id)
        try:
            return fire(*args, version_id=version_id, **kwargs)
        finally:
            version.reset(token)

    @functools.wraps(dispatch)
    def dispatch_with_version(event, *args, **kwargs):
        if version.get() and event.get("Source") == "aws.s3":
            detail = json.loads(event["Detail"])
            detail["object"].setdefault("version-id", version.get())
            event = {**event, "Detail": json.dumps(detail)}
        return dispatch(event, *args, **kwargs)

    s3._fire_s3_event = fire_with_version
    eventbridge._dispatch_event = dispatch_with_version


def main():
    threading.Thread(target=end_with_the_owner, args=(sys.argv[1],), daemon=True).start()

    from ministack import app
    from ministack.services import eventbridge, s3, sns

    keep_message_attributes(sns)
    refuse_bad_subjects(sns)
    tell_the_version(s3, eventbridge)

    sys.argv[1:] = []
    app.main()


if __name__ == "__main__":
    main()
