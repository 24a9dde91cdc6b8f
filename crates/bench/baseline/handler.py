"""What a function of the same job is in Python: read the object, ask the model, return its answer."""

import base64
import json

import boto3

s3 = boto3.client("s3")
bedrock = boto3.client("bedrock-runtime")


def handle(event, context):
    image = s3.get_object(Bucket=event["s3_bucket"], Key=event["s3_key"])["Body"].read()
    source = {"type": "base64", "media_type": event["media_type"], "data": base64.b64encode(image).decode()}
    content = [{"type": "image", "source": source}, {"type": "text", "text": "Personal data? true or false"}]
    body = {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 1024,
        "messages": [{"role": "user", "content": content}],
    }
    answer = bedrock.invoke_model(modelId="us.anthropic.claude-haiku-5-5", body=json.dumps(body))
    return json.loads(answer["body"].read())["content"][0]["text"]
