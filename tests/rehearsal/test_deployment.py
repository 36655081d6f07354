"""What the deployer changes in a template, and that it changes nothing else. Needs no emulator."""

import io
import json
import stat
import zipfile

import pytest

from local.rehearse import deployment, emulator

FUNCTION = {
    "Type": "AWS::Lambda::Function",
    "Properties": {
        "Code": {"S3Bucket": "assets", "S3Key": "abc.zip"},
        "Environment": {"Variables": {"TABLE": {"Ref": "Table"}}},
        "Handler": "functions.generation.sign.lambda_handler",
        "Layers": [{"Ref": "Deps"}],
        "MemorySize": 1769,
        "Role": {"Fn::GetAtt": ["SignRole", "Arn"]},
        "Runtime": "python3.13",
        "Timeout": 120,
    },
}
ROLE = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "sign"}}


def adapted(**resources):
    return deployment.adapted({"Resources": resources, "Parameters": {"P": {"Type": "String"}}})


def test_a_function_keeps_its_handler_role_environment_and_memory():
    properties = adapted(Sign=FUNCTION)["Resources"]["Sign"]["Properties"]

    for name in ("Handler", "Role", "Environment", "MemorySize"):
        assert properties[name] == FUNCTION["Properties"][name]
    assert properties["Runtime"] == "provided.al2023"
    assert "Layers" not in properties
    assert properties["Code"]["S3Bucket"] == deployment.CODE_BUCKET


def test_an_image_runs_the_command_that_its_dockerfile_names():
    image = {"Type": FUNCTION["Type"], "Properties": {"PackageType": "Image", "Code": {"ImageUri": "x"}, "Timeout": 25}}
    text_stage = (emulator.ROOT / "inference" / "Dockerfile").read_text().partition("FROM base AS text")[2]

    handler = adapted(Text=image)["Resources"]["Text"]["Properties"]["Handler"]

    assert json.dumps([handler]) in text_stage.partition("FROM")[0]
    assert '"awslambdaric"' in text_stage.partition("FROM")[0]


def test_every_time_limit_grows_by_the_same_factor():
    machine = {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"DefinitionString": '"TimeoutSeconds": 30,'}}

    resources = adapted(Sign=FUNCTION, Machine=machine)["Resources"]

    assert resources["Sign"]["Properties"]["Timeout"] == 120 * deployment.PATIENCE
    assert resources["Machine"]["Properties"]["DefinitionString"] == f'"TimeoutSeconds": {30 * deployment.PATIENCE},'


def test_everything_else_is_as_it_was():
    layer, budget = {"Type": "AWS::Lambda::LayerVersion"}, {"Type": "AWS::Budgets::Budget"}

    template = adapted(Role=ROLE, Layer=layer, Budget=budget)

    assert template == {"Resources": {"Role": ROLE}, "Parameters": {"P": {"Type": "String"}}}


def test_the_code_is_one_executable_that_starts_awss_runtime_client():
    with zipfile.ZipFile(io.BytesIO(deployment.bootstrap())) as archive:
        (entry,) = archive.infolist()
        script = archive.read(entry).decode()

    assert stat.S_IMODE(entry.external_attr >> 16) == 0o755
    assert 'awslambdaric "$_HANDLER"' in script


@pytest.fixture
def written(tmp_path):
    def write(**dependencies):
        artifacts = {
            name: {
                "type": "aws:cloudformation:stack",
                "properties": {"stackName": f"volary-{name}", "templateFile": f"{name}.json"},
                "dependencies": needed,
            }
            for name, needed in dependencies.items()
        }
        assets = {"Api.assets": {"type": "cdk:asset-manifest", "properties": {}}}
        (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": artifacts | assets}))
        return tmp_path

    return write


def test_stacks_come_after_those_they_depend_on(written):
    assembly = written(Api=["Data", "Keys", "Api.assets"], Data=["Keys"], Keys=[])

    assert [stack.name for stack in deployment.stacks(assembly)] == ["volary-Keys", "volary-Data", "volary-Api"]


def test_stacks_in_a_circle_are_refused(written):
    with pytest.raises(ValueError, match="depend on each other"):
        deployment.stacks(written(Api=["Data"], Data=["Api"]))
