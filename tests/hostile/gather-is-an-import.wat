;; unusable: the function to call is one of the host's own
;; attacks: none
;; says: its export 'gather' is
(module
  (import "wagather_v1" "now" (func $now (result i64)))
  (export "gather" (func $now))
  (@custom "wagather.manifest" "gatherer 1 gather-is-an-import 0\n")
  (memory (export "memory") 1))
