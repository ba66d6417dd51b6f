import ArgumentParser

/// The pages for operators and their Prometheus.
struct MonitoringOptions: ParsableArguments {
    @Option(help: "Pages /metrics, /livez, /readyz and /enr, ip:port, without authentication. \"\" for none.")
    var monitoringAddress = "127.0.0.1:3620"

    static let names = ["monitoring-address"]
}
