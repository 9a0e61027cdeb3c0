"""Everybody may."""


def handler(event: dict[str, str], _context: object) -> dict[str, object]:
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": event["methodArn"]}
    return {"principalId": "anybody", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
