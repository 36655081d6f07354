"""What a function may do, said by port and method, and the exact statements that this comes to; there are no wildcards
but for object keys and indexes.
"""

from typing import Literal

from aws_cdk import aws_iam as iam

from infra.cdk.resources import Resources

Need = Literal[
    "items.read",
    "items.write",
    "uploads.read",
    "uploads.write",
    "uploads.delete",
    "work.read",
    "work.write",
    "work.delete",
    "videos.read",
    "videos.write",
    "videos.delete",
    "likenesses.read",
    "likenesses.write",
    "likenesses.delete",
    "keyring.read",
    "keyring.write",
    "keyring.erase",
    "biometrics.wrap",
    "biometrics.match",
    "biometrics.open",
    "edge.link",
    "edge.bar",
    "stream.read",
    "bus.publish",
    "workflows.start",
    "workflows.stop",
    "workflows.answer",
    "models.ask",
    "models.submit",
    "vectors.read",
    "vectors.write",
    "keys.envelope",
    "keys.sign",
    "keys.receipts",
    "keys.receipts_public",
    "keys.checkpoint",
    "keys.public",
]
OBJECT_ACTIONS = {"read": ["s3:GetObject"], "write": ["s3:PutObject"], "delete": ["s3:DeleteObject"]}


def at_rest(service: str, actions: list[str], resources: Resources) -> iam.PolicyStatement:
    """Leave to use the data key, through one store only."""
    via = f"{service}.{resources.environment.region}.amazonaws.com"
    return allow(actions, resources.of("data-key"), {"StringEquals": {"kms:ViaService": via}})


def allow(
    actions: list[str], resource: str | list[str], conditions: dict[str, object] | None = None
) -> iam.PolicyStatement:
    resources = [resource] if isinstance(resource, str) else resource
    return iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions)


def statements(need: Need, resources: Resources) -> list[iam.PolicyStatement]:
    """The statements for one need; raises ValueError for one that nobody wrote."""
    thing, verb = need.split(".")
    match thing:
        case "items" | "edge" | "keyring" | "workflows" | "models" | "vectors" | "keys":
            return _OF_PORTS[thing](verb, resources)
        case "biometrics":
            return [_biometrics(verb, resources)]
        case "uploads" | "work" | "videos" | "likenesses":
            return _objects(thing, verb, resources)
        case "stream":
            reading = ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"]
            actions = [f"dynamodb:{action}" for action in reading]
            return [allow(actions, resources.of("stream")), at_rest("dynamodb", ["kms:Decrypt"], resources)]
        case "bus":
            bus = resources.environment.arn("events", f"event-bus/{resources.environment.name('events')}")
            return [allow(["events:PutEvents"], bus)]
    raise ValueError(f"no statements for {need}")


def _items(verb: str, resources: Resources) -> list[iam.PolicyStatement]:
    if verb == "read":
        table = [resources.table, f"{resources.table}/index/gsi1", f"{resources.table}/index/gsi2"]
        return [
            allow(["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"], table),
            at_rest("dynamodb", ["kms:Decrypt"], resources),
        ]
    writing = ["PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"]
    return [
        allow([f"dynamodb:{action}" for action in writing], resources.table),
        at_rest("dynamodb", ["kms:Encrypt", "kms:GenerateDataKey"], resources),
    ]


def _objects(thing: str, verb: str, resources: Resources) -> list[iam.PolicyStatement]:
    bucket = resources.bucket(thing)
    needed = [allow(OBJECT_ACTIONS[verb], f"{bucket}/*")]
    if verb == "read":
        needed.append(allow(["s3:ListBucket"], bucket))  # without it S3 answers 403 for what is not there
    if thing != "videos" and verb != "delete":
        actions = ["kms:Decrypt"] if verb == "read" else ["kms:GenerateDataKey", "kms:Decrypt"]
        needed.append(at_rest("s3", actions, resources))
    return needed


def _edge(verb: str, resources: Resources) -> list[iam.PolicyStatement]:
    """Without an edge a link is S3's own, which is worth what its signer may read, and there is nothing to bar."""
    if not resources.environment.has_edge:
        return _objects("videos", "read", resources) if verb == "link" else []
    if verb == "link":
        parameter = resources.environment.arn("ssm", f"parameter{resources.media_private_key}")
        return [allow(["ssm:GetParameter"], parameter)]
    actions = ["DescribeKeyValueStore", "ListKeys", "UpdateKeys"]
    return [allow([f"cloudfront-keyvaluestore:{action}" for action in actions], resources.of("deny-list"))]


def _keyring(verb: str, resources: Resources) -> list[iam.PolicyStatement]:
    # Erasing all of somebody's keys asks for their names first.
    actions = {"read": ["GetItem", "Query"], "write": ["PutItem"], "erase": ["Query", "DeleteItem"]}[verb]
    via = f"dynamodb.{resources.environment.region}.amazonaws.com"
    at_rest = allow(
        ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"],
        resources.of("biometric-key"),
        {"StringEquals": {"kms:ViaService": via}},
    )
    return [allow([f"dynamodb:{action}" for action in actions], resources.keyring), at_rest]


def _biometrics(verb: str, resources: Resources) -> iam.PolicyStatement:
    """Wrapping shuts a key away and opens nothing; matching opens templates; opening opens what renders a person."""
    actions, purposes = {
        "wrap": (["kms:Encrypt"], ["enrol", "matching", "release", "generation"]),
        "match": (["kms:Decrypt"], ["matching"]),
        "open": (["kms:Decrypt"], ["enrol", "release", "generation"]),
    }[verb]
    condition = {"StringEquals": {"kms:EncryptionContext:purpose": purposes}}
    return allow(actions, resources.of("biometric-key"), condition)


def _workflows(verb: str, resources: Resources) -> list[iam.PolicyStatement]:
    machine = resources.generation
    if verb == "start":
        return [allow(["states:StartExecution"], machine)]
    if verb == "stop":
        return [allow(["states:StopExecution"], machine.replace(":stateMachine:", ":execution:") + ":*")]
    # These three know no resource but "*": a statement that names the machine allows nothing. The token is the right.
    return [allow(["states:SendTaskSuccess", "states:SendTaskFailure", "states:SendTaskHeartbeat"], "*")]


def _models(verb: str, resources: Resources) -> list[iam.PolicyStatement]:
    arn = resources.environment.arn
    if verb == "ask":
        return [allow(["lambda:InvokeFunction"], arn("lambda", f"function:{resources.text_models}"))]
    endpoint = arn("sagemaker", f"endpoint/{resources.media_models}")
    return [allow(["sagemaker:InvokeEndpointAsync"], endpoint), *_objects("work", "write", resources)]


def _vectors(verb: str, resources: Resources) -> list[iam.PolicyStatement]:
    """A query that filters, or asks for metadata, needs to get vectors, too."""
    actions = {"read": ["QueryVectors", "GetVectors"], "write": ["PutVectors", "DeleteVectors"]}[verb]
    return [allow([f"s3vectors:{action}" for action in actions], resources.vector_index)]


def _keys(verb: str, resources: Resources) -> list[iam.PolicyStatement]:
    if verb == "envelope":
        return [allow(["kms:Encrypt", "kms:Decrypt"], resources.of("envelope-key"))]
    if verb == "public":
        return [allow(["kms:GetPublicKey"], resources.of("transparency-key"))]
    only = {"StringEquals": {"kms:SigningAlgorithm": "ECDSA_SHA_256", "kms:MessageType": "DIGEST"}}
    if verb == "receipts":
        key = resources.of("receipts-key")
        return [allow(["kms:Sign"], key, only)]
    if verb == "receipts_public":
        return [allow(["kms:GetPublicKey"], resources.of("receipts-key"))]
    if verb == "checkpoint":
        return [allow(["kms:Sign"], resources.of("transparency-key"), only)]
    chain = resources.environment.arn("ssm", f"parameter{resources.certificates}")
    return [allow(["kms:Sign"], resources.of("signing-key"), only), allow(["ssm:GetParameter"], chain)]


_OF_PORTS = {
    "items": _items,
    "edge": _edge,
    "keyring": _keyring,
    "workflows": _workflows,
    "models": _models,
    "vectors": _vectors,
    "keys": _keys,
}
