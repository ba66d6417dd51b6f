import Doctor
import Prometheus

/// What the health rules say. Source: operations.md §9.2, §10.
struct HealthMetrics: Sendable {
    typealias Checks = Labels3<MetricLabels.Severity, MetricLabels.CheckName, MetricLabels.Description>

    private let checks: Gauge<Checks>
    private let failures: Counter<Checks>
    private let crowded: Gauge<Labels1<MetricLabels.CheckName>>

    init(_ all: inout MetricRegistry) {
        checks = all.gauge("app_health_checks", "Whether a health rule fails now.", Checks.self)
        failures = all.counter("app_health_checks_failed_total", "Times a health rule was seen failing.", Checks.self)
        crowded = all.gauge(
            "app_health_metrics_high_cardinality", "Series of metrics that have too many.",
            Labels1<MetricLabels.CheckName>.self)
        // Rates need a point to start from.
        for rule in HealthRule.allCases {
            checks.set(0, Self.labels(rule))
            failures.add(0, Self.labels(rule))
        }
    }

    /// Once for each sample.
    func note(_ watch: HealthWatch) {
        for rule in HealthRule.allCases {
            let fails = watch.failing.contains(rule)
            checks.set(fails ? 1 : 0, Self.labels(rule))
            if fails { failures.add(1, Self.labels(rule)) }
        }
        crowded.replace(watch.crowded.map { (.init(.init(value: $0)), Double($1)) })
    }

    private static func labels(_ rule: HealthRule) -> Checks {
        .init(.init(value: rule.severity.rawValue), .init(value: rule.rawValue), .init(value: rule.description))
    }
}

extension MetricLabels {
    struct Severity: Label {
        static let name = "severity"
        let value: String
    }

    /// Of a rule, or of a metric.
    struct CheckName: Label {
        static let name = "name"
        let value: String
    }

    struct Description: Label {
        static let name = "description"
        let value: String
    }
}
