using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>Role bindings: what is granted stays, to whom may change.</summary>
internal sealed class RoleBindingBehavior : BuiltinBehavior
{
    private const string Group = "rbac.authorization.k8s.io";

    /// <inheritdoc/>
    public override void Default(JsonObject obj)
    {
        base.Default(obj);
        if (obj.Object("roleRef") is { } role && string.IsNullOrEmpty(role.Text("apiGroup")))
        {
            role["apiGroup"] = Group;
        }

        foreach (var subject in obj.Objects("subjects").Where(subject => string.IsNullOrEmpty(subject.Text("apiGroup")) && subject.Text("kind") is "User" or "Group"))
        {
            subject["apiGroup"] = Group;
        }
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        base.Validate(obj, old, context, errors);
        Rules.OneOf(obj.At("roleRef", "apiGroup"), "roleRef.apiGroup", errors, Group);
        if (Kind == "RoleBinding")
        {
            Rules.OneOf(obj.At("roleRef", "kind"), "roleRef.kind", errors, "ClusterRole", "Role");
        }
        else
        {
            Rules.OneOf(obj.At("roleRef", "kind"), "roleRef.kind", errors, "ClusterRole");
        }

        var index = 0;
        foreach (var subject in obj.Objects("subjects"))
        {
            var at = $"subjects[{index++}]";
            Rules.OneOf(subject["kind"], $"{at}.kind", errors, "Group", "ServiceAccount", "User");
            if (subject.Text("kind") == "ServiceAccount" && string.IsNullOrEmpty(subject.Text("namespace")))
            {
                errors.Required($"{at}.namespace");
            }
        }

        if (old is not null)
        {
            Rules.Unchanged(obj["roleRef"], old["roleRef"], "roleRef", errors, "cannot change roleRef");
        }
    }
}
