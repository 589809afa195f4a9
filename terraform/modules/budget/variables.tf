variable "name" {
  description = "Name of the place, and value of the tag `place` on all that it costs."
  type        = string
}

variable "usd" {
  description = "US dollars a month."
  type        = number

  validation {
    condition     = var.usd > 0
    error_message = "A budget is more than nothing."
  }
}

variable "emails" {
  description = "Who is told, at 80 % spent and at 100 % foreseen."
  type        = list(string)

  validation {
    condition     = length(var.emails) > 0 && length(var.emails) <= 10 && alltrue([for email in var.emails : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", email))])
    error_message = "Name one to ten addresses: an alarm that nobody gets is none."
  }
}
