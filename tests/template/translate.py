"""A SAM template as CloudFormation gets it: `<python of .venv-aws> translate.py template.yaml` prints it as JSON,
beside what was written with its short tags in their long form.

A program of its own, because SAM lives in the other environment. Local paths become the addresses that `sam package`
would write, which the translator demands.
"""

import copy
import json
import sys
from pathlib import Path

from samcli.yamlhelper import yaml_parse  # type: ignore[import-not-found]
from samtranslator.translator.transform import transform  # type: ignore[import-not-found]


class NoManagedPolicies:
    """AWS's managed policies by name, of which the template names none."""

    def load(self) -> dict[str, str]:
        return {}


if __name__ == "__main__":
    written = yaml_parse(Path(sys.argv[1]).read_text())
    packaged = copy.deepcopy(written)
    for resource in packaged["Resources"].values():
        properties = resource.get("Properties", {})
        for place in ("CodeUri", "ContentUri"):
            if place in properties:
                properties[place] = "s3://packaged/artifact"
        if properties.get("PackageType") == "Image":
            properties["ImageUri"] = "000000000000.dkr.ecr.us-east-1.amazonaws.com/packaged:image"
    translated = transform(packaged, {}, NoManagedPolicies())
    json.dump({"written": written, "translated": translated}, sys.stdout)
