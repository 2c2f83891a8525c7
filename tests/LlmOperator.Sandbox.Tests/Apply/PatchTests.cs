using System.Text;
using LlmOperator.Sandbox.Apply;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Tests.Schemas;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Apply;

public sealed class PatchTests
{
    private static readonly Schema Pod = SchemaReader.Read(Widgets.Json("""
        {"type":"object","properties":{
         "containers":{"type":"array","x-kubernetes-patch-strategy":"merge","x-kubernetes-patch-merge-key":"name","items":{"type":"object","properties":{
           "name":{"type":"string"},"image":{"type":"string"},"args":{"type":"array","items":{"type":"string"}},
           "env":{"type":"array","x-kubernetes-patch-strategy":"merge","x-kubernetes-patch-merge-key":"name","items":{"type":"object"}}}}},
         "finalizers":{"type":"array","x-kubernetes-patch-strategy":"merge","items":{"type":"string"}},
         "strategy":{"type":"object","x-kubernetes-patch-strategy":"retainKeys","properties":{"type":{"type":"string"},"rollingUpdate":{"type":"object"}}},
         "labels":{"type":"object","additionalProperties":{"type":"string"}},
         "whole":{"type":"object","x-kubernetes-patch-strategy":"replace"},
         "tolerations":{"type":"array","items":{"type":"object"}}}}
        """));

    [Theory]
    [InlineData("""[{"op":"add","path":"/spec/tags/-","value":"z"},{"op":"test","path":"/spec/size","value":1},{"op":"replace","path":"/spec/size","value":2}]""", """{"spec":{"size":2,"tags":["x","y","z"]}}""")]
    [InlineData("""[{"op":"add","path":"/spec/tags/1","value":"m"}]""", """{"spec":{"size":1,"tags":["x","m","y"]}}""")]
    [InlineData("""[{"op":"remove","path":"/spec/tags/0"}]""", """{"spec":{"size":1,"tags":["y"]}}""")]
    [InlineData("""[{"op":"move","from":"/spec/tags/0","path":"/spec/tags/1"}]""", """{"spec":{"size":1,"tags":["y","x"]}}""")]
    [InlineData("""[{"op":"copy","from":"/spec/size","path":"/spec/other"}]""", """{"spec":{"size":1,"tags":["x","y"],"other":1}}""")]
    [InlineData("""[{"op":"add","path":"/spec/a~1b~0c","value":null}]""", """{"spec":{"size":1,"tags":["x","y"],"a/b~c":null}}""")]
    [InlineData("""[{"op":"test","path":"/spec/size","value":1.0}]""", """{"spec":{"size":1,"tags":["x","y"]}}""")]
    [InlineData("""[{"op":"test","path":"/spec/none","value":null}]""", """{"spec":{"size":1,"tags":["x","y"]}}""")]
    [InlineData("""[{"op":"replace","path":"","value":{}}]""", """{}""")]
    public void JSON_patch_operations_do_what_RFC_6902_says(string patch, string expected) =>
        Widgets.Same(expected, JsonPatch.Apply(Widgets.Json("""{"spec":{"size":1,"tags":["x","y"]}}"""), JsonText.Parse(Encoding.UTF8.GetBytes(patch))));

    [Theory]
    [InlineData("""[{"op":"test","path":"/spec/size","value":99}]""", 422)]
    [InlineData("""[{"op":"remove","path":"/spec/none"}]""", 422)]
    [InlineData("""[{"op":"add","path":"/none/x","value":1}]""", 422)]
    [InlineData("""[{"op":"add","path":"/spec/tags/9","value":1}]""", 422)]
    [InlineData("""[{"op":"replace","path":"/spec/none","value":1}]""", 422)]
    [InlineData("""[{"op":"replace","path":"/spec/tags/2","value":1}]""", 422)]
    [InlineData("""[{"op":"move","from":"/spec","path":"/spec/x"}]""", 422)]
    [InlineData("""[{"op":"shuffle","path":"/spec"}]""", 422)]
    [InlineData("""{"spec":{}}""", 400)]
    [InlineData("""[5]""", 400)]
    public void A_JSON_patch_that_does_not_fit_is_refused(string patch, int code) => Assert.Equal(
        code,
        Assert.Throws<PatchException>(() => JsonPatch.Apply(Widgets.Json("""{"spec":{"size":1,"tags":["x","y"]}}"""), JsonText.Parse(Encoding.UTF8.GetBytes(patch)))).Code);

    [Fact]
    public void A_JSON_patch_leaves_the_document_as_it_was()
    {
        var document = Widgets.Json("""{"a":{"b":[1]}}""");
        JsonPatch.Apply(document, JsonText.Parse("""[{"op":"remove","path":"/a/b/0"},{"op":"add","path":"/a/c","value":1}]"""u8));
        Widgets.Same("""{"a":{"b":[1]}}""", document);
    }

    [Theory]
    [InlineData("""{"a":"b"}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"b"}""", """{"b":"c"}""", """{"a":"b","b":"c"}""")]
    [InlineData("""{"a":"b"}""", """{"a":null}""", """{}""")]
    [InlineData("""{"a":["b"]}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":{"b":"c"}}""", """{"a":{"b":"d","c":null}}""", """{"a":{"b":"d"}}""")]
    [InlineData("""{"a":[{"b":"c"}]}""", """{"a":[1]}""", """{"a":[1]}""")]
    [InlineData("""{}""", """{"a":{"bb":{"ccc":null}}}""", """{"a":{"bb":{}}}""")]
    public void Merge_patch_does_what_RFC_7386_says(string document, string patch, string expected)
    {
        var target = Widgets.Json(document);
        MergePatch.Apply(target, Widgets.Json(patch));
        Widgets.Same(expected, target);
    }

    [Theory]
    [InlineData("""{"containers":[{"name":"main","image":"nginx:2"}]}""", """[{"name":"main","image":"nginx:2","args":["a"]},{"name":"side","image":"envoy:1"}]""")]
    [InlineData("""{"containers":[{"$patch":"delete","name":"side"}]}""", """[{"name":"main","image":"nginx:1","args":["a"]}]""")]
    [InlineData("""{"containers":[{"$patch":"replace"},{"name":"new","image":"x"}]}""", """[{"name":"new","image":"x"}]""")]
    [InlineData("""{"containers":[{"name":"main","args":["b"]}]}""", """[{"name":"main","image":"nginx:1","args":["b"]},{"name":"side","image":"envoy:1"}]""")]
    [InlineData("""{"containers":[{"name":"new","env":[{"name":"a","value":null}]}],"$setElementOrder/containers":[{"name":"new"},{"name":"side"},{"name":"main"}]}""", """[{"name":"new","env":[{"name":"a"}]},{"name":"side","image":"envoy:1"},{"name":"main","image":"nginx:1","args":["a"]}]""")]
    [InlineData("""{"$setElementOrder/containers":[{"name":"side"},{"name":"main"}]}""", """[{"name":"side","image":"envoy:1"},{"name":"main","image":"nginx:1","args":["a"]}]""")]
    [InlineData("""{"containers":null}""", "null")]
    public void Lists_with_a_merge_key_merge_by_it(string patch, string containers)
    {
        var target = Widgets.Json("""{"containers":[{"name":"main","image":"nginx:1","args":["a"]},{"name":"side","image":"envoy:1"}]}""");
        Widgets.Same(containers, StrategicMergePatch.Apply(target, Widgets.Json(patch), Pod)["containers"]);
    }

    [Theory]
    [InlineData("""{"finalizers":["c","a"]}""", """["c","a","b"]""")]
    [InlineData("""{"$deleteFromPrimitiveList/finalizers":["a"]}""", """["b"]""")]
    [InlineData("""{"$deleteFromPrimitiveList/finalizers":["a"],"finalizers":["d"],"$setElementOrder/finalizers":["d","b"]}""", """["d","b"]""")]
    public void Lists_of_scalars_merge_by_value(string patch, string finalizers) =>
        Widgets.Same(finalizers, StrategicMergePatch.Apply(Widgets.Json("""{"finalizers":["a","b"]}"""), Widgets.Json(patch), Pod)["finalizers"]);

    [Theory]
    [InlineData("""{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}""", """{"strategy":{"type":"Recreate"},"labels":{"a":"1"},"whole":{"x":1},"tolerations":[{"key":"a"}]}""")]
    [InlineData("""{"labels":{"$patch":"replace","b":"2"}}""", """{"strategy":{"type":"RollingUpdate","rollingUpdate":{}},"labels":{"b":"2"},"whole":{"x":1},"tolerations":[{"key":"a"}]}""")]
    [InlineData("""{"labels":{"$patch":"delete"}}""", """{"strategy":{"type":"RollingUpdate","rollingUpdate":{}},"labels":{},"whole":{"x":1},"tolerations":[{"key":"a"}]}""")]
    [InlineData("""{"labels":{"a":null,"c":"3"},"whole":{"y":2},"tolerations":[{"key":"b"}]}""", """{"strategy":{"type":"RollingUpdate","rollingUpdate":{}},"labels":{"c":"3"},"whole":{"y":2},"tolerations":[{"key":"b"}]}""")]
    public void Directives_and_strategies_decide_about_maps(string patch, string expected) => Widgets.Same(
        expected,
        StrategicMergePatch.Apply(
            Widgets.Json("""{"strategy":{"type":"RollingUpdate","rollingUpdate":{}},"labels":{"a":"1"},"whole":{"x":1},"tolerations":[{"key":"a"}]}"""),
            Widgets.Json(patch),
            Pod));

    [Theory]
    [InlineData("""{"containers":[{"image":"x"}]}""", "does not contain declared merge key: name")]
    [InlineData("""{"labels":{"$patch":"burn"}}""", "unknown patch type: burn")]
    [InlineData("""{"strategy":{"$retainKeys":["type"],"rollingUpdate":{}}}""", "invalid patch format of retainKeys")]
    [InlineData("""{"containers":[{"name":"b"},{"name":"a"}],"$setElementOrder/containers":[{"name":"a"},{"name":"b"}]}""", "The order in patch list")]
    public void A_strategic_patch_that_contradicts_itself_is_refused(string patch, string message) => Assert.Contains(
        message,
        Assert.Throws<PatchException>(() => StrategicMergePatch.Apply(Widgets.Json("""{"containers":[{"name":"a"}],"labels":{"a":"1"},"strategy":{}}"""), Widgets.Json(patch), Pod)).Message,
        StringComparison.Ordinal);
}
