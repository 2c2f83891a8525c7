using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Json;
using LlmOperator.Kubernetes.Objects;
using Xunit;

namespace LlmOperator.Kubernetes.Tests.Objects;

/// <summary>What keeps the reading of watches cheap.</summary>
public sealed class DecodingTests
{
    [Fact]
    public void Kinds_that_are_watched_by_the_thousand_are_filled_property_by_property()
    {
        // An init-only or required property makes the serialiser gather an object's values in an array, boxed, before it makes the object.
        var costly = new SortedSet<string>(StringComparer.Ordinal);
        var seen = new HashSet<Type>();
        foreach (var kind in new[] { typeof(Deployment), typeof(ReplicaSet), typeof(Pod), typeof(PodMetadata), typeof(Service), typeof(Node), typeof(EndpointSlice), typeof(Condition) })
        {
            Visit(kind);
        }

        Assert.Contains(typeof(SecretKeySelector), seen);
        Assert.Empty(costly);

        void Visit(Type type)
        {
            if (!seen.Add(type))
            {
                return;
            }

            var info = KubeJson.Default.Options.GetTypeInfo(type);
            if (info.ElementType is { } element)
            {
                Visit(element);
            }

            foreach (var property in info.Kind == JsonTypeInfoKind.Object ? info.Properties : [])
            {
                var setter = type.GetProperties().FirstOrDefault(member => string.Equals(member.Name, property.Name, StringComparison.OrdinalIgnoreCase))?.SetMethod;
                if (property.IsRequired || setter?.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) == true)
                {
                    costly.Add($"{type.Name}.{property.Name}: make it a plain {{ get; set; }}");
                }

                Visit(property.PropertyType);
            }
        }
    }

    [Fact]
    public void Objects_that_say_the_same_share_their_texts()
    {
        const string Json = """{"spec":{"containers":[{"name":"engine","image":"vllm/vllm-openai:v0.11.0","args":["--port=8000"],"env":[{"name":"HF_HOME","value":"/models"}]}]}}""";
        var (a, b) = (Container(Json), Container(Json));

        Assert.Same(a.Name, b.Name);
        Assert.Same(a.Image, b.Image);
        Assert.Same(a.Args![0], b.Args![0]);
        Assert.Same(a.Env![0].Value, b.Env![0].Value);

        static Container Container(string json) => JsonSerializer.Deserialize(json, KubeJson.Default.Pod)!.Spec!.Containers![0];
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(100)]
    public void Maps_of_any_size_hold_what_was_read(int count)
    {
        var labels = Enumerable.Range(0, count).ToDictionary(number => $"key-{number}", number => $"wért-{number}");

        var read = Labels(labels);

        Assert.Equal(labels.OrderBy(label => label.Key), read.OrderBy(label => label.Key));
        Assert.Equal(count, read.Count);
        Assert.All(labels, label => Assert.Equal(label.Value, read[label.Key]));
        Assert.False(read.ContainsKey("other"));
        Assert.Throws<KeyNotFoundException>(() => read["other"]);
        Assert.Equal(labels.Keys.Order(), read.Keys.Order());
        Assert.Equal(labels.Values.Order(), read.Values.Order());
    }

    [Theory]
    [InlineData("""{"a":"1","b":"2","a":"3"}""")]
    [InlineData("""{"a":"0","c":"1","d":"1","e":"1","f":"1","g":"1","h":"1","i":"1","j":"1","k":"1","l":"1","m":"1","n":"1","o":"1","p":"1","q":"1","r":"1","b":"2","a":"3"}""")]
    public void Of_equal_keys_the_last_counts(string labels)
    {
        var read = JsonSerializer.Deserialize($$"""{"labels":{{labels}}}""", KubeJson.Default.ObjectMeta)!.Labels!;

        Assert.Equal("3", read["a"]);
        Assert.Equal("2", read["b"]);
        Assert.Single(read, label => label.Key == "a");
    }

    [Fact]
    public void A_label_that_is_no_text_is_refused_by_name()
    {
        var error = Assert.Throws<JsonException>(() => JsonSerializer.Deserialize("""{"labels":{"tier":1}}""", KubeJson.Default.ObjectMeta));

        Assert.Contains("\"tier\" must be a string", error.Message);
    }

    private static IReadOnlyDictionary<string, string> Labels(Dictionary<string, string> labels) =>
        JsonSerializer.Deserialize(JsonSerializer.Serialize(new ObjectMeta { Labels = labels }, KubeJson.Default.ObjectMeta), KubeJson.Default.ObjectMeta)!.Labels!;
}
