import ClusterSetup
import NIOHTTP1
import SSZ

/// A service that answers short questions over HTTP: beacon node, MEV relay.
struct HTTPService: Sendable {
    static let answerBytesMax = 8 << 20

    let url: ServiceURL
    let web: WebClient
    let clock: ProbeClock
    var timeout = Duration.seconds(10)

    /// The whole answer, of whatever status.
    func send(
        _ method: HTTPMethod = .GET, _ path: String, body: JSONValue? = nil,
        headers: [(name: String, value: String)] = []
    ) async throws(CaseFailure) -> WebClient.Answer {
        var request = WebClient.Request(url.asking(path), timeout: timeout, answerBytesMax: Self.answerBytesMax)
        request.method = method
        request.authorization = url.authorization
        request.headers = headers
        request.body = body?.bytes()
        do throws(ServiceError.Cause) {
            return try await web.send(request, now: clock.now)
        } catch {
            throw .unexpected("\(error)")
        }
    }

    /// An answer with a status below 400.
    func ask(_ path: String) async throws(CaseFailure) -> WebClient.Answer {
        let answer = try await send(.GET, path)
        guard answer.status < 400 else { throw .unexpected("status \(answer.status) of \(Self.bare(path))") }
        return answer
    }

    /// A JSON answer to a GET, with status 200.
    func json(_ path: String) async throws(CaseFailure) -> JSONValue {
        let answer = try await send(.GET, path)
        guard answer.status == 200 else { throw .unexpected("status \(answer.status) of \(Self.bare(path))") }
        guard let value = try? JSONValue(parsing: answer.body) else {
            throw .unexpected("the answer to \(Self.bare(path)) is no JSON")
        }
        return value
    }

    /// Cases that most services have: whether it answers, how fast, and how fast under load.
    func pingCases(_ path: String, _ limits: Limits) -> [TestCase] {
        [
            TestCase("Ping") {
                _ = try await ask(path)
                return .ok
            },
            TestCase("PingMeasure") { .measured(try await ask(path).headDelay, limits) },
        ]
    }

    /// Without the query.
    private static func bare(_ path: String) -> Substring { path.prefix { $0 != "?" } }
}
