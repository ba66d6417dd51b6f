import Testing

@testable import Prometheus

struct PeerName: Label {
    static let name = "peer"
    let value: String
}

struct DutyName: Label {
    static let name = "duty"
    let value: String
}

@Suite struct ExpositionTests {
    @Test("writes the text format: help, type, constant labels, buckets with infinity, sum and count")
    func golden() {
        var registry = MetricRegistry(constantLabels: [("cluster_name", "a \"b\"")])
        let pings = registry.histogram(
            "p2p_ping_latency_secs", "Ping.", Labels1<PeerName>.self, buckets: [0.005, 0.5, 4])
        let up = registry.gauge("app_up", "One.")
        let duties = registry.counter("core_duties_total", "Of \\ all\nkinds.", Labels2<DutyName, PeerName>.self)
        _ = registry.counter("app_unused_total", "Has no series.")
        up.set(1.5)
        duties.add(2, .init(.init(value: "b"), .init(value: "x")))
        duties.add(0, .init(.init(value: "a"), .init(value: "y")))
        // Sums without rounding.
        for seconds in [0.00390625, 0.25, 4, 9] { pings.observe(seconds, .init(.init(value: "p"))) }
        #expect(
            Exposition(registry).text == #"""
                # HELP app_up One.
                # TYPE app_up gauge
                app_up{cluster_name="a \"b\""} 1.5
                # HELP core_duties_total Of \\ all\nkinds.
                # TYPE core_duties_total counter
                core_duties_total{cluster_name="a \"b\"",duty="a",peer="y"} 0
                core_duties_total{cluster_name="a \"b\"",duty="b",peer="x"} 2
                # HELP p2p_ping_latency_secs Ping.
                # TYPE p2p_ping_latency_secs histogram
                p2p_ping_latency_secs_bucket{cluster_name="a \"b\"",peer="p",le="0.005"} 1
                p2p_ping_latency_secs_bucket{cluster_name="a \"b\"",peer="p",le="0.5"} 2
                p2p_ping_latency_secs_bucket{cluster_name="a \"b\"",peer="p",le="4"} 3
                p2p_ping_latency_secs_bucket{cluster_name="a \"b\"",peer="p",le="+Inf"} 4
                p2p_ping_latency_secs_sum{cluster_name="a \"b\"",peer="p"} 13.25390625
                p2p_ping_latency_secs_count{cluster_name="a \"b\"",peer="p"} 4

                """#)
    }

    @Test(
        "escapes what would end a value or a line",
        arguments: [
            ("plain", "plain", "plain"), ("a\"b", "a\"b", "a\\\"b"), ("a\\b", "a\\\\b", "a\\\\b"),
            ("a\nb", "a\\nb", "a\\nb"), ("a\r\nb", "a\r\\nb", "a\r\\nb"), ("ü", "ü", "ü"),
        ])
    func escaping(text: String, help: String, label: String) {
        #expect(Exposition.escapedHelp(text) == help)
        #expect(Exposition.escapedLabel(text) == label)
    }

    @Test(
        "writes numbers as Prometheus reads them",
        arguments: [
            (0, "0"), (4, "4"), (-1, "-1"), (0.005, "0.005"), (0.0001, "0.0001"), (13.1072, "13.1072"),
            (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"), (1_700_000_000, "1700000000"),
        ] as [(Double, String)])
    func numbers(number: Double, text: String) { #expect(Exposition.text(number) == text) }
}
