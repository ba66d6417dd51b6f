import Prometheus
import ValidatorAPI

/// What validator clients ask.
struct APIMetrics: Sendable {
    private let latency: Histogram<Labels1<MetricLabels.Endpoint>>
    private let requests: Counter<Labels2<MetricLabels.Endpoint, MetricLabels.ContentType>>
    private let errors: Counter<Labels2<MetricLabels.Endpoint, MetricLabels.Status>>
    private let proxyLatency: Histogram<Labels1<MetricLabels.ProxyPath>>
    private let userAgent: Gauge<Labels1<MetricLabels.UserAgent>>
    private let clients: Gauge<Labels2<MetricLabels.Component, MetricLabels.Parameters>>

    init(_ all: inout MetricRegistry) {
        latency = all.histogram(
            "core_validatorapi_request_latency_seconds", "Requests of validator clients.",
            Labels1<MetricLabels.Endpoint>.self, buckets: NodeMetrics.defaultBuckets)
        requests = all.counter(
            "core_validatorapi_request_total", "Requests of validator clients.",
            Labels2<MetricLabels.Endpoint, MetricLabels.ContentType>.self)
        errors = all.counter(
            "core_validatorapi_request_error_total", "Requests not answered well.",
            Labels2<MetricLabels.Endpoint, MetricLabels.Status>.self)
        proxyLatency = all.histogram(
            "core_validatorapi_proxy_request_latency_seconds", "Requests passed on to beacon nodes.",
            Labels1<MetricLabels.ProxyPath>.self, buckets: NodeMetrics.defaultBuckets)
        userAgent = all.gauge(
            "core_validatorapi_vc_user_agent", "The validator client that asked last.",
            Labels1<MetricLabels.UserAgent>.self)
        clients = all.gauge(
            "app_validator_stack_params", "Clients that run on this machine.",
            Labels2<MetricLabels.Component, MetricLabels.Parameters>.self)
    }

    func receive(_ request: ValidatorAPIRecord) {
        switch request.kind {
        case .endpoint(let name):
            let endpoint = MetricLabels.Endpoint(value: name)
            requests.add(1, .init(endpoint, .init(value: request.bodyType.rawValue)))
            if request.status >= 400 { errors.add(1, .init(endpoint, .init(request.status))) }
            if !request.wasInterrupted { latency.observe(request.duration, .init(endpoint)) }
        case .proxy(let path):
            if !request.wasInterrupted { proxyLatency.observe(request.duration, .init(.init(path))) }
        case .unrouted: break
        }
    }

    /// All that run now.
    func note(_ processes: Set<ClientProcess>) {
        clients.replace(processes.map { (.init(.init(value: $0.component), .init(value: $0.parameters)), 1) })
    }

    /// - Parameter agent: of the latest request; nil if none said any.
    func note(userAgent agent: String?) {
        guard let agent else { return }
        userAgent.replace([(.init(.init(value: MetricLabels.printable(agent))), 1)])
    }
}
