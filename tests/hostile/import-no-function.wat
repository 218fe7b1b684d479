;; unusable: an import of the ABI's name that is no function
;; attacks: none
;; says: it imports 'wagather_v1.log' as something other than a function
(module
  (import "wagather_v1" "log" (global i32))
  (@custom "wagather.manifest" "gatherer 1 import-no-function 0\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32) (i32.const 0)))
