"""Sends two mails with Python's own smtplib: one in plain text, one signed in over STARTTLS.

Usage: smtplib_sends.py PORT USER PASSWORD
"""

import smtplib
import ssl
import sys
from email.message import EmailMessage

port, user, password = sys.argv[1:]


def mail(subject):
    message = EmailMessage()
    message["From"] = "Marigold <orders@marigold.example>"
    message["To"] = "ines@example.com"
    message["Subject"] = subject
    message.set_content("Olá Inês,\n\n.a line that begins with a dot\n")
    message.add_alternative("<p>Olá <b>Inês</b></p>", subtype="html")
    return message


with smtplib.SMTP("localhost", int(port), timeout=15) as client:
    client.send_message(mail("In plain text"))

# The certificate is made for the test and known to nobody.
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
with smtplib.SMTP("localhost", int(port), timeout=15) as client:
    client.starttls(context=context)
    client.login(user, password)
    client.send_message(mail("Over TLS"))
