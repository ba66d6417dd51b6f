import ArgumentParser
import Logging
import Node

/// Where a node's traces go.
struct TracingOptions: ParsableArguments {
    static let names = ["otlp-address", "otlp-headers", "otlp-service-name", "jaeger-address", "jaeger-service"]
    static let switches = ["otlp-insecure"]

    @Option(
        help: """
            Collector that takes traces of duties by OTLP over gRPC, host:port, e.g. tempo:4317. All nodes of a cluster have \
            the same trace for the same duty. None if empty.
            """)
    var otlpAddress = ""
    @Option(help: "Headers for the collector, comma-separated name=value.") var otlpHeaders: [String] = []
    @Flag(help: "No TLS towards the collector.") var otlpInsecure = false
    @Option(help: "The collector knows this node as <start of the lock's hash>/<this name>.")
    var otlpServiceName = TracingFlags().serviceName
    @Option(help: "For Jaeger's own protocol, which is not offered: accepted, ignored.") var jaegerAddress = ""
    @Option(help: "For --jaeger-address: accepted, ignored.") var jaegerService = ""

    var flags: TracingFlags {
        var flags = TracingFlags()
        flags.address = otlpAddress
        flags.headers = list(otlpHeaders)
        flags.isPlain = otlpInsecure
        flags.serviceName = otlpServiceName
        return flags
    }

    func warn(_ logger: Logger) {
        guard !jaegerAddress.isEmpty || !jaegerService.isEmpty else { return }
        logger.warning(
            "traces are not sent by Jaeger's protocol: --jaeger-address and --jaeger-service are ignored; Jaeger takes OTLP: use --otlp-address"
        )
    }
}
