"""A plugin of insights-core that counts what it finds in an archive of host-min, in the layout of a must-gather or of Insights.

insights-core has no context for archives of OpenShift, so a plugin brings its own, with a folder as its marker.
"""

from insights import Parser, SkipComponent, make_info, rule
from insights.core.context import ExecutionContext, fs_root
from insights.core.plugins import parser
from insights.core.spec_factory import RegistryPoint, SpecSet, glob_file


@fs_root
class MustGather(ExecutionContext):
    marker = "cluster-scoped-resources"


@fs_root
class Insights(ExecutionContext):
    marker = "insights-operator"


class Specs(SpecSet):
    pods = RegistryPoint(multi_output=True)
    nodes = RegistryPoint(multi_output=True)
    operators = RegistryPoint(multi_output=True)
    events = RegistryPoint(multi_output=True)


class InMustGather(Specs):
    pods = glob_file("namespaces/*/pods/*/*.yaml", context=MustGather)
    nodes = glob_file("cluster-scoped-resources/core/nodes/*.yaml", context=MustGather)
    operators = glob_file(
        "cluster-scoped-resources/config.openshift.io/clusteroperators/*.yaml", context=MustGather
    )
    events = glob_file("namespaces/*/core/events.yaml", context=MustGather)


class InInsights(Specs):
    pods = glob_file("config/pod/*/*.json", context=Insights)
    nodes = glob_file("config/node/*.json", context=Insights)
    operators = glob_file("config/clusteroperator/*.json", context=Insights)
    events = glob_file("config/events.core/*/*.json", context=Insights)


class Objects(Parser):
    def parse_content(self, content):
        import yaml

        document = yaml.load("\n".join(content), Loader=yaml.CSafeLoader)
        self.objects = document.get("items", [document])


@parser(Specs.pods)
class Pods(Objects):
    pass


@parser(Specs.nodes)
class Nodes(Objects):
    pass


@parser(Specs.operators)
class Operators(Objects):
    pass


@parser(Specs.events)
class Events(Objects):
    pass


@rule([Pods, Nodes, Operators, Events])
def count(pods, nodes, operators, events):
    found = {}
    for name, files in (("pods", pods), ("nodes", nodes), ("operators", operators), ("events", events)):
        names = {item["metadata"]["name"] for file in files or [] for item in file.objects}
        found[name] = len(names)
    if not any(found.values()):
        raise SkipComponent("no objects")
    return make_info("FOUND", **found)


CONTENT = "{{pods}} pods, {{nodes}} nodes, {{operators}} operators, {{events}} events"
