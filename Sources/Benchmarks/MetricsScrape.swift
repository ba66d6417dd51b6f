import Glibc

/// What it takes a node to answer Prometheus.
struct MetricsScrape: Sendable {
    /// One for each request.
    var milliseconds: [Double] = []
    /// Of one answer's body.
    var bytes = 0
    /// Of one core, for each request: above what the node does anyway only if that is little beside it.
    var cpuMilliseconds = 0.0

    private static let requests = 50
    private static let answerBytesMax = 64 << 20

    init() {}

    init(of node: NodeProcess, port: Int) throws {
        let before = try node.cpuSeconds()
        for _ in 0..<Self.requests {
            let start = Clock.wall.nanoseconds
            bytes = try Self.get(port: port)
            milliseconds.append(Double(Clock.wall.nanoseconds - start) / 1e6)
        }
        cpuMilliseconds = (try node.cpuSeconds() - before) * 1000 / Double(Self.requests)
    }

    /// One request on a connection of its own, to loopback. - Returns: bytes of the answer's body.
    private static func get(port: Int) throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw BenchmarkError("make a socket") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw BenchmarkError("connect to the metrics at port \(port)") }
        let request = Array("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
        let sent = send(descriptor, request, request.count, 0)
        guard sent == request.count else { throw BenchmarkError("ask for metrics") }
        var answer: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(descriptor, &part, part.count, 0)
            guard count >= 0, answer.count < answerBytesMax else { throw BenchmarkError("read metrics") }
            guard count > 0 else { break }
            answer += part[..<count]
        }
        try require(answer.starts(with: Array("HTTP/1.1 200".utf8)), "the metrics are not served")
        let end = Array("\r\n\r\n".utf8)
        guard let body = answer.indices.first(where: { answer[$0...].starts(with: end) }) else {
            throw BenchmarkError("the metrics' answer has no body")
        }
        return answer.count - body - end.count
    }
}
