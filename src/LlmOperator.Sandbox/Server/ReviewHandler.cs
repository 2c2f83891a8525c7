using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Server;

/// <summary>Answers the kinds that are questions: whoever reaches the sandbox is its administrator, so access is always allowed.</summary>
internal static class ReviewHandler
{
    /// <summary>User behind every request.</summary>
    public const string User = "kubernetes-admin";

    private const string Reason = "the sandbox allows everything";

    /// <summary>POST of a review.</summary>
    public static async Task Answer(ResourceRequest request)
    {
        var body = await RequestBody.ReadObject(request.Context.Request);
        var review = body.Object;
        ObjectShape.Normalise(request.Kind, review, RequestOptions.Write(request.Context.Request, "CreateOptions", null), body.Duplicates);
        review["kind"] = request.Kind.Kind;
        review["apiVersion"] = request.Kind.ApiVersion;
        review["metadata"] ??= new JsonObject();
        review["status"] = Status(request.Kind.Kind, review);
        await Reply.Json(request.Context, 201, review, Presentation.Of(request.Context.Request.Headers.Accept, transforms: false));
    }

    /// <summary>POST of a TokenRequest for a service account.</summary>
    public static async Task Token(ResourceRequest request, Cluster cluster, string token)
    {
        _ = cluster.Store.Get(request.Collection, request.Namespace, request.Name) ?? throw request.NotFound();
        var body = await RequestBody.Optional(request.Context.Request) ?? [];
        body["kind"] = "TokenRequest";
        body["apiVersion"] = "authentication.k8s.io/v1";
        var seconds = body.Integer("spec", "expirationSeconds") ?? 3600;
        body.Child("spec")["expirationSeconds"] = seconds;
        body["status"] = new JsonObject
        {
            ["token"] = $"{token}.{request.Namespace}.{request.Name}",
            ["expirationTimestamp"] = Cluster.Timestamp(cluster.Time.GetUtcNow().AddSeconds(seconds)),
        };
        await Reply.Json(request.Context, 201, body);
    }

    private static JsonObject Status(string kind, JsonObject review) => kind switch
    {
        "TokenReview" => new JsonObject { ["authenticated"] = true, ["user"] = UserInfo(), ["audiences"] = review.At("spec", "audiences")?.DeepClone() ?? new JsonArray() },
        "SelfSubjectReview" => new JsonObject { ["userInfo"] = UserInfo() },
        "SelfSubjectRulesReview" => new JsonObject
        {
            ["resourceRules"] = new JsonArray(new JsonObject { ["verbs"] = new JsonArray("*"), ["apiGroups"] = new JsonArray("*"), ["resources"] = new JsonArray("*") }),
            ["nonResourceRules"] = new JsonArray(new JsonObject { ["verbs"] = new JsonArray("*"), ["nonResourceURLs"] = new JsonArray("*") }),
            ["incomplete"] = false,
        },
        _ => new JsonObject { ["allowed"] = true, ["reason"] = Reason },
    };

    private static JsonObject UserInfo() => new() { ["username"] = User, ["groups"] = new JsonArray("system:masters", "system:authenticated") };
}
