using System.Text.Json;
using LlmOperator.Kubernetes.Applying;
using Xunit;

namespace LlmOperator.Kubernetes.Tests.Applying;

public sealed class JsonSubsetTests
{
    [Theory]
    [InlineData("what the server adds does not count", """{"a":1}""", """{"a":1,"b":2}""", true)]
    [InlineData("a changed leaf counts", """{"a":{"b":"x"}}""", """{"a":{"b":"y"}}""", false)]
    [InlineData("a missing leaf counts", """{"a":"x"}""", """{}""", false)]
    [InlineData("zero values are what the server leaves out", """{"a":false,"b":0,"c":"","d":[],"e":{},"f":null}""", """{}""", true)]
    [InlineData("quantities are compared by amount", """{"limits":{"cpu":"0.5","memory":"1024Mi","gpu":1}}""", """{"limits":{"cpu":"500m","memory":"1Gi","gpu":"1"}}""", true)]
    [InlineData("quantities that differ count", """{"limits":{"cpu":"0.5"}}""", """{"limits":{"cpu":"501m"}}""", false)]
    [InlineData("a text elsewhere is no quantity", """{"args":["1"]}""", """{"args":["1000m"]}""", false)]
    [InlineData("containers are matched by name and may be joined by others", """{"c":[{"name":"b","i":"2"},{"name":"a","i":"1"}]}""", """{"c":[{"name":"a","i":"1"},{"name":"x"},{"name":"b","i":"2"}]}""", true)]
    [InlineData("a container that is missing counts", """{"c":[{"name":"a"}]}""", """{"c":[{"name":"b"}]}""", false)]
    [InlineData("mounts of one volume are matched by path", """{"m":[{"name":"v","mountPath":"/b"}]}""", """{"m":[{"name":"v","mountPath":"/a"},{"name":"v","mountPath":"/b"}]}""", true)]
    [InlineData("ports are matched by number", """{"p":[{"containerPort":80}]}""", """{"p":[{"containerPort":80,"protocol":"TCP"}]}""", true)]
    [InlineData("ports of one number and two protocols are matched by name", """{"p":[{"port":53,"name":"u","protocol":"UDP"}]}""", """{"p":[{"port":53,"name":"t","protocol":"TCP"},{"port":53,"name":"u","protocol":"UDP"}]}""", true)]
    [InlineData("lists without a key must be equal in order", """{"args":["a","b"]}""", """{"args":["b","a"]}""", false)]
    [InlineData("lists without a key must be equal in length", """{"args":["a"]}""", """{"args":["a","b"]}""", false)]
    [InlineData("elements of lists without a key may have more", """{"t":[{"op":"Exists"}]}""", """{"t":[{"op":"Exists","effect":"NoSchedule"}]}""", true)]
    [InlineData("finalizers are a set", """{"finalizers":["b"]}""", """{"finalizers":["a","b"]}""", true)]
    [InlineData("numbers are compared by value", """{"a":1.0}""", """{"a":1}""", true)]
    [InlineData("another kind of value counts", """{"a":{"b":1}}""", """{"a":[1]}""", false)]
    public void Wanted_is_in_live_when(string rule, string wanted, string live, bool contained)
    {
        using var wantedJson = JsonDocument.Parse(wanted);
        using var liveJson = JsonDocument.Parse(live);

        Assert.True(contained == JsonSubset.Contains(liveJson.RootElement, wantedJson.RootElement), rule);
    }

    [Theory]
    [InlineData("""{"a":1,"b":[1,2]}""", """{"b":[1,2],"a":1}""", true)]
    [InlineData("""{"conditions":[{"type":"A","status":"True"},{"type":"B","status":"True"}]}""", """{"conditions":[{"type":"B","status":"True"},{"type":"A","status":"True"}]}""", true)]
    [InlineData("""{"ready":0}""", """{}""", false)]
    [InlineData("""{}""", """{"old":1}""", false)]
    [InlineData("""{"a":[1]}""", """{"a":[1,2]}""", false)]
    [InlineData("""{"a":[1,2]}""", """{"a":[2,1]}""", false)]
    public void Two_states_are_the_same_when_neither_has_more(string a, string b, bool same)
    {
        using var aJson = JsonDocument.Parse(a);
        using var bJson = JsonDocument.Parse(b);

        Assert.Equal(same, JsonSubset.Same(aJson.RootElement, bJson.RootElement));
        Assert.Equal(same, JsonSubset.Same(bJson.RootElement, aJson.RootElement));
    }
}
