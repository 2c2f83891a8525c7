using System.Net;
using LlmOperator.Benchmarks.Measuring;

namespace LlmOperator.Benchmarks.PromptTrace;

/// <summary>nginx as a plain proxy, as a measure of what a proxy costs: it keeps its connections, buffers nothing and writes no log. Its parent does nothing, so its processor time is not told.</summary>
internal static class Nginx
{
    /// <summary>Starts it, where it is installed.</summary>
    /// <param name="folder">Folder for its files.</param>
    /// <param name="engine">Where it passes requests to.</param>
    /// <param name="listen">Where it listens.</param>
    public static async Task<ChildProgram?> StartAsync(string folder, IPEndPoint engine, IPEndPoint listen, CancellationToken cancellationToken)
    {
        if (new[] { "/usr/sbin/nginx", "/usr/bin/nginx" }.FirstOrDefault(File.Exists) is not { } path)
        {
            Console.WriteLine("nginx is not installed (apt-get install nginx): left out");
            return null;
        }

        var file = Path.Combine(folder, "nginx.conf");
        await File.WriteAllTextAsync(file, $$"""
            worker_processes auto;
            daemon off;
            pid {{folder}}/nginx.pid;
            error_log stderr notice;
            events { worker_connections 4096; }
            http {
              access_log off;
              client_body_temp_path {{folder}}/body;
              proxy_temp_path {{folder}}/proxy;
              fastcgi_temp_path {{folder}}/fastcgi;
              uwsgi_temp_path {{folder}}/uwsgi;
              scgi_temp_path {{folder}}/scgi;
              keepalive_requests 1000000000;
              tcp_nodelay on;
              upstream engine { server {{engine}}; keepalive 256; keepalive_requests 1000000000; }
              server {
                listen {{listen}};
                location / { proxy_pass http://engine; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; proxy_request_buffering off; }
              }
            }
            """, cancellationToken);
        var nginx = ChildProgram.Start(path, "start worker processes", "-c", file, "-e", "stderr");
        await nginx.Ready.WaitAsync(TimeSpan.FromSeconds(10), cancellationToken);
        return nginx;
    }
}
