import Foundation
import SSZ
import Testing

@testable import Views

@Suite("the page for people")
struct WebPageTests {
    private static let policy = WebPage.headers["content-security-policy"] ?? ""

    private static func inner(_ tag: String) throws -> String {
        let open = try #require(WebPage.document.range(of: "<\(tag)>"))
        let close = try #require(WebPage.document.range(of: "</\(tag)>"))
        return String(WebPage.document[open.upperBound..<close.lowerBound])
    }

    @Test("its policy allows what stands in it by hash, and nothing from elsewhere", arguments: ["script", "style"])
    func hashes(tag: String) throws {
        let hash = Data(SHA256.hash(try Self.inner(tag).utf8).bytes).base64EncodedString()
        #expect(Self.policy.contains("\(tag)-src 'sha256-\(hash)'"))
        #expect(Self.policy.contains("default-src 'none'") && Self.policy.contains("connect-src 'self'"))
        #expect(!Self.policy.contains("unsafe") && !Self.policy.contains("*"))
        // One of each: another would not run.
        #expect(WebPage.document.components(separatedBy: "<\(tag)").count == 2)
    }

    @Test("no style or handler stands in an attribute, where the policy forbids it, and nothing is loaded")
    func attributes() throws {
        let markup = WebPage.document.replacing(try Self.inner("script"), with: "").replacing(
            try Self.inner("style"), with: "")
        for forbidden in ["style=", "onclick", "onload", "src=", "http:", "https:", "//"] {
            #expect(!markup.contains(forbidden), "\(forbidden)")
        }
        let style = try Self.inner("style")
        #expect(!style.contains("url(") && !style.contains("@import"))
    }

    @Test("the script makes text of everything: it has no way to make markup or code")
    func sinks() throws {
        let script = try Self.inner("script")
        for sink in [
            "innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "Function(", "DOMParser",
            "srcdoc", "setTimeout('", "createContextualFragment", ".href =", "localStorage",
        ] {
            #expect(!script.contains(sink), "\(sink)")
        }
        #expect(script.components(separatedBy: "http").count == 2, "only the name of SVG")
    }

    @Test("every id that the script looks up is in the document, once")
    func ids() throws {
        let script = try Self.inner("script")
        let ids = Set(script.matches(of: /byId\('([a-z-]+)'\)/).map { String($0.output.1) })
        #expect(ids.count > 15)
        for id in ids { #expect(WebPage.document.components(separatedBy: "id=\"\(id)\"").count == 2, "\(id)") }
    }
}
