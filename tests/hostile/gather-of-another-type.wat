;; unusable: a function to call that is of another type
;; attacks: none
;; says: its export 'gather' is not of the type () -> i32
(module
  (@custom "wagather.manifest" "gatherer 1 gather-of-another-type 0\n")
  (memory (export "memory") 1)
  (func (export "gather") (param i32) (result i32) (i32.const 0)))
