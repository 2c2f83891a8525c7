using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Planning.Tests.Objects;

/// <summary>The rules of the restricted Pod Security Standard (kubernetes.io/docs/concepts/security/pod-security-standards), which contain those of the baseline.</summary>
internal static class RestrictedPods
{
    private static readonly string[] Sysctls =
    [
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
        "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes",
    ];

    public static IEnumerable<string> Problems(PodSpec pod)
    {
        if (pod.HostNetwork == true || pod.HostPID == true || pod.HostIPC == true)
        {
            yield return "shares namespaces of the node";
        }

        foreach (var volume in (pod.Volumes ?? []).Where(volume => volume is
        { EmptyDir: null, ConfigMap: null, Secret: null, PersistentVolumeClaim: null, Projected: null, DownwardAPI: null, Csi: null, Ephemeral: null, Image: null }))
        {
            yield return $"volume {volume.Name} is of a type that is not allowed";
        }

        var shared = pod.SecurityContext;
        if (shared?.Sysctls?.Any(sysctl => !Sysctls.Contains(sysctl.Name)) == true)
        {
            yield return "sets an unsafe sysctl";
        }

        foreach (var container in (pod.Containers ?? []).Concat(pod.InitContainers ?? []))
        {
            foreach (var problem in Container(container, shared))
            {
                yield return $"container {container.Name} {problem}";
            }
        }
    }

    private static IEnumerable<string> Container(Container container, PodSecurityContext? shared)
    {
        var own = container.SecurityContext;
        if (own?.Privileged == true)
        {
            yield return "is privileged";
        }

        if (own?.AllowPrivilegeEscalation != false)
        {
            yield return "may gain rights";
        }

        if ((own?.RunAsNonRoot ?? shared?.RunAsNonRoot) != true)
        {
            yield return "may run as root";
        }

        if ((own?.RunAsUser ?? shared?.RunAsUser) == 0)
        {
            yield return "runs as root";
        }

        if ((own?.SeccompProfile ?? shared?.SeccompProfile)?.Type is not ("RuntimeDefault" or "Localhost"))
        {
            yield return "has no seccomp profile";
        }

        if (own?.Capabilities?.Drop?.Contains("ALL") != true || own.Capabilities.Add?.Any(capability => capability != "NET_BIND_SERVICE") == true)
        {
            yield return "keeps capabilities";
        }

        if (own?.ProcMount is not (null or "Default"))
        {
            yield return "unmasks /proc";
        }

        if ((own?.SeLinuxOptions ?? shared?.SeLinuxOptions) is { } selinux && (selinux.User is { Length: > 0 } || selinux.Role is { Length: > 0 } || selinux.Type is not (null or "" or "container_t" or "container_init_t" or "container_kvm_t" or "container_engine_t")))
        {
            yield return "sets SELinux options that are not allowed";
        }

        if (container.Ports?.Any(port => port.HostPort is > 0) == true)
        {
            yield return "takes a port of the node";
        }
    }
}
