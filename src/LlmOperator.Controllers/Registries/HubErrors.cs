using System.Net;
using LlmOperator.Api.Models;
using LlmOperator.Planning.Models;

namespace LlmOperator.Controllers.Registries;

/// <summary>What the hub means by a refusal. It tells by a header; a mirror may tell by the status alone.</summary>
internal sealed class HubErrors(HuggingFaceSource source, string revision, bool hasToken, Uri hub, TimeProvider time)
{
    private const string TokenField = "spec.source.huggingFace.tokenSecretRef";

    public void ThrowIfRefused(RegistryAnswer answer, bool isRedirectFine = false)
    {
        if (answer.IsSuccess || (isRedirectFine && (int)answer.Code is >= 300 and < 400))
        {
            return;
        }

        throw Of(answer);
    }

    private RegistryException Of(RegistryAnswer answer) => (answer.Header("X-Error-Code"), answer.Code) switch
    {
        ("RepoNotFound", _) => NotFound(),
        ("RevisionNotFound", _) => new(
            RegistryReasons.RevisionNotFound, $"{source.Repo} has no branch, tag or commit {revision}: correct spec.source.huggingFace.revision"),
        ("GatedRepo", HttpStatusCode.Unauthorized) when !hasToken => new(
            RegistryReasons.AccessDenied, $"{source.Repo} is gated: accept its terms at the hub, and name a Secret with a token of that account in {TokenField}"),
        ("GatedRepo", _) => new(
            RegistryReasons.AccessDenied, $"{source.Repo} is gated, and the token's account has no access: accept its terms or ask for access at the hub, and let the token read gated repositories; the token is that of {TokenField}"),
        ("EntryNotFound", _) => new(
            RegistryReasons.MalformedConfig, $"{source.Repo} lists a file at {revision} that it does not have: choose another revision in spec.source.huggingFace.revision"),
        (_, HttpStatusCode.Unauthorized) when hasToken => new(
            RegistryReasons.InvalidToken, $"the hub does not accept the token: put a valid one into the Secret named in {TokenField} (the hub's tokens begin with hf_)"),
        (_, HttpStatusCode.Unauthorized) => new(
            RegistryReasons.AccessDenied, $"{source.Repo} cannot be read without a token: name a Secret with one in {TokenField}"),
        (_, HttpStatusCode.Forbidden) => new(
            RegistryReasons.AccessDenied, $"access to {source.Repo} is refused: {(hasToken ? $"let the token of {TokenField} read it" : $"name a Secret with a token in {TokenField}")}, or choose another repository in spec.source.huggingFace.repo"),
        (_, HttpStatusCode.NotFound or HttpStatusCode.Gone) => NotFound(),
        (_, HttpStatusCode.TooManyRequests) => new(
            RegistryReasons.RateLimited,
            $"the hub answers too many requests (429): {(hasToken ? "wait" : $"wait, or name a Secret with a token in {TokenField}, which has limits of its own")}",
            isRetryable: true,
            answer.RetryAfter(time)),
        var (_, code) => RegistryHttp.Unavailable(hub, $"it answers {(int)code}", retryAfter: answer.RetryAfter(time)),
    };

    private RegistryException NotFound() => new(
        RegistryReasons.ModelNotFound,
        hasToken
            ? $"{source.Repo} is not at the hub, or the token of {TokenField} may not see it: correct spec.source.huggingFace.repo, or use a token that may"
            : $"{source.Repo} is not at the hub, or is private: correct spec.source.huggingFace.repo, or name a Secret with a token in {TokenField}");
}
