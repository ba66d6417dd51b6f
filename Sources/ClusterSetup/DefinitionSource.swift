import Cluster
import NIOHTTP1

/// `--definition-file`: a path, or an http(s) URL. Source: spec/cluster-files.md §13.
package enum DefinitionSource: Sendable {
    case file(String)
    case url(ServiceURL)

    private static let bytesMax = 16 << 20
    private static let timeout = Duration.seconds(10)
    private static let redirectsMax = 5

    /// - Throws: for a URL that cannot be one.
    package init(_ text: String) throws(ClusterError) {
        guard text.hasPrefix("http://") || text.hasPrefix("https://") else {
            self = .file(text)
            return
        }
        do throws(ServiceURL.Fault) {
            self = .url(try ServiceURL(text))
        } catch {
            throw .option("--definition-file", "\(error)")
        }
    }

    /// For people; without credentials.
    package var description: String {
        switch self {
        case .file(let path): path
        case .url(let url): url.shown
        }
    }

    /// Reads and bounds, does not verify.
    package func load(_ web: WebClient) async throws -> Definition {
        let bytes = try await read(web, bytesMax: Self.bytesMax)
        do throws(ClusterError) {
            return try Definition(json: bytes)
        } catch {
            throw ClusterError.inFile(description, error)
        }
    }

    /// The bytes, or an error if there are more.
    func read(_ web: WebClient, bytesMax: Int) async throws -> [UInt8] {
        switch self {
        case .file(let path): try FileAccess.read(path, bytesMax: bytesMax)
        case .url(let url): try await Self.fetch(url, web, bytesMax)
        }
    }

    private static func fetch(_ first: ServiceURL, _ web: WebClient, _ bytesMax: Int) async throws(ServiceError)
        -> [UInt8]
    {
        var url = first
        do throws(ServiceError.Cause) {
            for _ in 0...redirectsMax {
                var request = WebClient.Request(url.target, timeout: timeout, answerBytesMax: bytesMax)
                // The user's password is for the host they named.
                request.authorization = url.origin == first.origin ? first.authorization : nil
                let answer = try await web.send(request)
                if answer.isSuccess { return answer.body }
                guard answer.isRedirect, let location = answer.location, let next = url.redirected(to: location) else {
                    throw answer.fault()
                }
                url = next
            }
            throw .redirected
        } catch {
            throw ServiceError(action: "fetch the definition", place: first.shown, cause: error)
        }
    }
}
