using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Server.Protobuf;
using LlmOperator.Sandbox.Storage;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Server;

public sealed class ProtobufTextTests
{
    [Fact]
    public void A_namespace_as_kubectl_writes_it_is_read()
    {
        // kubectl create namespace foo: the envelope, then metadata with all its empty fields.
        var bytes = Convert.FromHexString("6b3873000a0f0a02763112094e616d657370616365121b0a130a03666f6f12001a0022002a0032003800420012001a020a001a002200");
        var obj = ProtobufText.Parse(bytes);
        Assert.Equal("""{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"foo"},"spec":{},"status":{}}""", obj.ToJsonString());
    }

    [Fact]
    public void Maps_lists_and_numbers_keep_their_meaning_and_zero_counts_where_it_is_said()
    {
        // apps/v1 Deployment: spec { replicas: 0, selector { matchLabels { app: x } }, template { spec { containers [{ name: c, image: i }] } } }
        var container = Message(Text(1, "c"), Text(2, "i"));
        var spec = Message(
            [0x08, 0x00],
            Bytes(2, Bytes(1, Message(Text(1, "app"), Text(2, "x")))),
            Bytes(3, Bytes(2, Bytes(2, container))),
            [0x28, 0x00]);
        var obj = ProtobufText.Parse(Envelope("apps/v1", "Deployment", Bytes(2, spec)));

        Assert.Equal(
            """{"replicas":0,"selector":{"matchLabels":{"app":"x"}},"template":{"spec":{"containers":[{"name":"c","image":"i"}]}}}""",
            obj.Object("spec")!.ToJsonString());
    }

    [Fact]
    public void Messages_that_JSON_folds_into_their_holder_are_folded()
    {
        // core/v1 Pod: spec { volumes [{ name: v, configMap { name: cm } }] }
        var configMap = Bytes(19, Bytes(1, Text(1, "cm")));
        var volume = Message(Text(1, "v"), Bytes(2, configMap));
        var obj = ProtobufText.Parse(Envelope("v1", "Pod", Bytes(2, Bytes(1, volume))));

        Assert.Equal("""[{"name":"v","configMap":{"name":"cm"}}]""", obj.At("spec", "volumes")!.ToJsonString());
    }

    [Theory]
    [InlineData("7b7d")]
    [InlineData("6b3873000a")]
    [InlineData("6b3873000aff")]
    public void What_is_no_such_message_is_refused(string hex) =>
        Assert.Throws<DecodeException>(() => ProtobufText.Parse(Convert.FromHexString(hex)));

    [Fact]
    public void A_kind_whose_messages_are_not_known_is_refused_with_the_way_out()
    {
        var refusal = Assert.Throws<DecodeException>(() => ProtobufText.Parse(Envelope("example.com/v1", "Gear", [])));
        Assert.Contains("send application/json", refusal.Message, StringComparison.Ordinal);
    }

    private static byte[] Envelope(string apiVersion, string kind, byte[] raw) =>
        [.. "k8s\0"u8, .. Bytes(1, Message(Text(1, apiVersion), Text(2, kind))), .. Bytes(2, raw)];

    private static byte[] Message(params byte[][] fields) => [.. fields.SelectMany(field => field)];

    private static byte[] Text(int field, string text) => Bytes(field, System.Text.Encoding.UTF8.GetBytes(text));

    private static byte[] Bytes(int field, byte[] content)
    {
        var tag = (field << 3) | 2;
        byte[] head = tag < 0x80 ? [(byte)tag] : [(byte)(tag | 0x80), (byte)(tag >> 7)];
        return [.. head, (byte)content.Length, .. content];
    }
}
